import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const CONFIGURATION = [
  'eslint.config.js',
  'prettier.config.js',
  'pure-globals.d.ts',
  'tsconfig.json',
  'tsconfig.pure.json',
]

/** A container module that hands its service the dependencies in this order. */
export function containerModule(dependencies: string): string {
  return `import { ContainerModule } from 'inversify'
import { TenantService } from '../../domain/services/tenant-service.ts'
import { IDS } from './identifiers.ts'

export const module: ContainerModule = new ContainerModule(({ bind }) => {
  bind(IDS.TenantService)
    .toResolvedValue((tenants, clock) => new TenantService({ tenants, clock }), [${dependencies}])
    .inSingletonScope()
})
`
}

/** One small file for every layer, with the imports that the layer is allowed. */
const HEALTHY: Readonly<Record<string, string>> = {
  'src/domain/model/tenant.ts': `export interface Tenant {
  readonly id: string
  readonly home: URL
}
`,
  'src/domain/errors.ts': `import type { Tenant } from './model/tenant.ts'

export class UnknownTenantError extends Error {
  readonly tenant: Tenant

  constructor(tenant: Tenant) {
    super('unknown tenant')
    this.tenant = tenant
  }
}
`,
  'src/ports/tenant-store.ts': `import type { Tenant } from '../domain/model/tenant.ts'

export interface TenantStore {
  save(tenant: Tenant): Promise<void>
}
`,
  'src/ports/clock.ts': `export interface Clock {
  now(): number
}
`,
  'src/domain/services/tenant-service.ts': `import type { Clock } from '../../ports/clock.ts'
import type { TenantStore } from '../../ports/tenant-store.ts'
import { UnknownTenantError } from '../errors.ts'
import type { Tenant } from '../model/tenant.ts'

export class TenantService {
  readonly #tenants: TenantStore
  readonly #clock: Clock

  constructor({ tenants, clock }: { tenants: TenantStore; clock: Clock }) {
    this.#tenants = tenants
    this.#clock = clock
  }

  async admit(tenant: Tenant): Promise<void> {
    if (tenant.id === '' || this.#clock.now() < 0) throw new UnknownTenantError(tenant)
    await this.#tenants.save(tenant)
  }
}
`,
  'src/application/admit-tenant.ts': `import type { TenantService } from '../domain/services/tenant-service.ts'

export async function admitTenant(tenants: TenantService, id: string): Promise<void> {
  await tenants.admit({ id, home: new URL('https://example.com') })
}
`,
  'src/adapters/postgres/tenant-store.ts': `import type { Pool } from 'pg'
import type { Tenant } from '../../domain/model/tenant.ts'
import type { TenantStore } from '../../ports/tenant-store.ts'

export class PostgresTenantStore implements TenantStore {
  readonly #pool: Pool

  constructor({ pool }: { pool: Pool }) {
    this.#pool = pool
  }

  async save(tenant: Tenant): Promise<void> {
    await this.#pool.query('INSERT INTO tenants VALUES ($1)', [tenant.id])
  }
}
`,
  'src/adapters/providers/wire.ts': `export const limit = 1
`,
  'src/adapters/providers/meta/client.ts': `import { limit } from '../wire.ts'

export const pages = limit + 1
`,
  'src/adapters/providers/tiktok/client.ts': `import { limit } from '../wire.ts'

export const pages = limit + 2
`,
  'src/application/container/identifiers.ts': `import type { ServiceIdentifier } from 'inversify'
import type { TenantService } from '../../domain/services/tenant-service.ts'
import type { Clock } from '../../ports/clock.ts'
import type { TenantStore } from '../../ports/tenant-store.ts'

const id = <T>(name: string): ServiceIdentifier<T> => Symbol.for(name)

export const IDS = {
  TenantStore: id<TenantStore>('canary/TenantStore'),
  TenantService: id<TenantService>('canary/TenantService'),
  Clock: id<Clock>('canary/Clock'),
} as const
`,
  'src/application/container/module.ts': containerModule('IDS.TenantStore, IDS.Clock'),
  'src/index.ts': `export { admitTenant } from './application/admit-tenant.ts'
export { PostgresTenantStore } from './adapters/postgres/tenant-store.ts'
export { pages } from './adapters/providers/meta/client.ts'
`,
  'test/tenant.test.ts': `import { expect, test } from 'vitest'
import { pages } from '../src/index.ts'

test('counts', () => {
  expect(pages).toBe(2)
})
`,
}

/** A small repository under the project's own configuration, in which one thing can be made wrong. */
export interface CanaryTree {
  readonly root: string
  write(file: string, text: string): void
  /** Back to the healthy tree. */
  restore(): void
  remove(): void
}

/** It lies within the repository, so that packages and their types resolve as they do for `src`. */
export function plantCanaryTree(): CanaryTree {
  const repository = process.cwd()
  const nursery = join(repository, '.cache')
  mkdirSync(nursery, { recursive: true })
  const root = mkdtempSync(join(nursery, 'canary-'))
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  const restore = (): void => {
    for (const folder of ['src', 'test', 'forgotten'])
      rmSync(join(root, folder), { recursive: true, force: true })
    for (const [file, text] of Object.entries(HEALTHY)) write(file, text)
  }
  for (const file of CONFIGURATION) cpSync(join(repository, file), join(root, file))
  restore()
  return {
    root,
    write,
    restore,
    remove: () => {
      rmSync(root, { recursive: true, force: true })
    },
  }
}
