import { randomBytes } from 'node:crypto'
import type { CreatedPool as Pool } from '../../../src/adapters/postgres/index.ts'
import { createPool, migrate } from '../../../src/adapters/postgres/index.ts'
import { freshDatabase } from '../../support/database.ts'

/** Who a host may log in as. */
export type LoginKind = 'a superuser' | 'the owner of the tables' | 'a login that was granted'

export interface MigratedAs {
  /** The stores' pool. */
  readonly pool: Pool
  readonly url: string
  /** A superuser's, for looking behind the policies. */
  readonly admin: Pool
  close(): Promise<void>
}

/** A migrated database of one's own, and a pool of the kind of login that is asked for. */
export async function migratedAs(kind: LoginKind): Promise<MigratedAs> {
  const isOwner = kind === 'the owner of the tables'
  const database = await freshDatabase(isOwner ? 'empty' : 'migrated')
  const admin = createPool({ connectionString: database.url })
  const login = kind === 'a superuser' ? undefined : await createLogin(admin, database.url)
  if (isOwner && login !== undefined) await migrateAsOwner(admin, login)
  else if (login !== undefined) await migrate({ pool: admin, grantTo: [login.name] })
  const pool = createPool({ connectionString: login?.url ?? database.url })
  return {
    pool,
    url: login?.url ?? database.url,
    admin,
    close: async () => {
      await pool.end()
      await login?.drop()
      await admin.end()
      await database.drop()
    },
  }
}

export interface TestLogin {
  readonly name: string
  readonly url: string
  drop(): Promise<void>
}

/** A login of the test's own on the server, without any right. */
export async function createLogin(admin: Pool, databaseUrl: string, attributes = ''): Promise<TestLogin> {
  const name = `it_login_${randomBytes(6).toString('hex')}`
  const password = randomBytes(16).toString('hex')
  await admin.query(`CREATE ROLE ${name} LOGIN NOSUPERUSER ${attributes} PASSWORD '${password}'`)
  const url = new URL(databaseUrl)
  url.username = name
  url.password = password
  return {
    name,
    url: url.href,
    drop: async () => {
      await admin.query(`DROP OWNED BY ${name} CASCADE`)
      await admin.query(`DROP ROLE ${name}`)
    },
  }
}

/** As where a database administrator prepared the roles and the host's login does the rest. */
async function migrateAsOwner(admin: Pool, { name, url }: TestLogin): Promise<void> {
  await admin.query(
    `GRANT integrations_app, integrations_jobs, integrations_reads, integrations_refreshes TO ${name}`,
  )
  await admin.query(
    `GRANT USAGE, CREATE ON SCHEMA public TO integrations_app, integrations_jobs, integrations_reads, integrations_refreshes, ${name}`,
  )
  await migrate({ connectionString: url })
}
