import { afterEach, beforeEach, vi } from 'vitest'
import type { IntegrationsConfigInput } from '../../src/application/config/integrations-config.ts'
import type { ConnectionKey } from '../../src/domain/model/identifiers.ts'
import { FixedClock } from '../../src/testing/fixed-clock.ts'
import { startLoopbackKms } from '../../src/testing/loopback-kms/start-loopback-kms.ts'
import type { LoopbackKms } from '../../src/testing/loopback-kms/start-loopback-kms.ts'
import { encryptedWith, seedTenants } from './keys-fixture.ts'
import type { AppContainer } from './keys-fixture.ts'
import { refreshFixture } from './refresh-fixture.ts'
import type { RefreshFixture } from './refresh-fixture.ts'

type KmsSettings = NonNullable<IntegrationsConfigInput['encryption']['kms']>

/** The key management service of the test that runs, with one key. */
export interface KmsOfTest {
  readonly kms: LoopbackKms
  readonly keyArn: string
  settings(): KmsSettings
  underKms(tenants: number, changes?: Partial<KmsSettings>): Promise<UnderKms>
}

/** Connections of as many tenants, sealed under KMS. */
export interface UnderKms {
  readonly fixture: RefreshFixture
  readonly clock: FixedClock
  readonly keys: readonly ConnectionKey[]
  /** A process that has no key in memory yet. */
  start(): AppContainer
}

/** Starts one for each test of the file; its credentials are where the SDK looks for them. */
export function kmsOfEachTest(): KmsOfTest {
  let started: { readonly kms: LoopbackKms; readonly keyArn: string } | undefined
  const running = (): { readonly kms: LoopbackKms; readonly keyArn: string } => {
    if (started === undefined) throw new Error('There is one within a test only')
    return started
  }
  beforeEach(async () => {
    const kms = await startLoopbackKms()
    started = { kms, keyArn: kms.createKey() }
    vi.stubEnv('AWS_ACCESS_KEY_ID', kms.credentials.accessKeyId)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', kms.credentials.secretAccessKey)
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await running().kms.close()
  })
  const settings = (): KmsSettings => {
    const { keyArn: keyId, kms } = running()
    return { keyId, region: kms.region, endpoint: kms.url, app: 'test-app' }
  }
  return {
    get kms() {
      return running().kms
    },
    get keyArn() {
      return running().keyArn
    },
    settings,
    underKms: (tenants, changes = {}) => underKms(tenants, { ...settings(), ...changes }),
  }
}

async function underKms(tenants: number, kms: KmsSettings): Promise<UnderKms> {
  const fixture = await refreshFixture('single_use')
  await fixture.pool.query('TRUNCATE integration_connections')
  const clock = new FixedClock()
  const config = encryptedWith(fixture, { kms })
  const start = (): AppContainer => fixture.process({ clock }, config)
  return { fixture, clock, start, keys: await seedTenants(fixture, start(), tenants) }
}
