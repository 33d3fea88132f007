import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  PostgresDueConnections,
  PostgresPendingRevocations,
  PostgresProviderApps,
  PostgresRefreshLeases,
  PostgresTokenStore,
  withTenant,
} from '../../../src/adapters/postgres/index.ts'
import {
  claimed,
  connect,
  KEY,
  OTHER_TENANT,
  refreshedTokens,
  TENANT,
} from '../../../src/testing/contracts/connection-fixtures.ts'
import { budgetPromises } from '../../../src/testing/contracts/provider-apps/budgets.ts'
import { suspensionPromises } from '../../../src/testing/contracts/provider-apps/suspensions.ts'
import type { ConnectionStores } from '../../../src/testing/contracts/connection-stores.ts'
import { leaseDue } from '../../../src/testing/contracts/due-connections/claiming-due.ts'
import { tenantIsolationPromises } from '../../../src/testing/contracts/token-store/tenant-isolation.ts'
import { moveTimes } from '../../contracts/postgres-stores.ts'
import { createLogin, migratedAs } from './logins.ts'
import type { LoginKind, MigratedAs } from './logins.ts'

const TABLES = [
  'integration_connections',
  'meta_ad_connections',
  'google_ads_connections',
  'tiktok_ad_connections',
  'klaviyo_connections',
  'other_connections',
  'pending_revocations',
]
const OTHER_KEY = { ...KEY, tenantId: OTHER_TENANT }
const kinds: readonly LoginKind[] = ['a superuser', 'the owner of the tables', 'a login that was granted']

/** What the last of the statements answers in a transaction of the role that is undone, or the code it is refused with. */
async function answerAs(
  { admin }: MigratedAs,
  role: string,
  statements: readonly string[],
  of: (result: { readonly rows: readonly unknown[]; readonly rowCount: number | null }) => unknown,
): Promise<unknown> {
  const client = await admin.connect()
  try {
    await client.query(`BEGIN; SET LOCAL ROLE ${role}`)
    let answer: unknown
    for (const statement of statements) {
      answer = await client
        .query<Record<string, unknown>>(statement)
        .then(of, (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error))
    }
    return answer
  } finally {
    await client.query('ROLLBACK')
    client.release()
  }
}

function storesOn({ pool, admin }: MigratedAs): ConnectionStores {
  return {
    tokens: new PostgresTokenStore({ pool }),
    leases: new PostgresRefreshLeases({ pool }),
    due: new PostgresDueConnections({ pool }),
    revocations: new PostgresPendingRevocations({ pool }),
    apps: new PostgresProviderApps({ pool }),
    elapse: (ms) => moveTimes(admin, ms),
    close: async () => undefined,
  }
}

async function emptied(database: MigratedAs): Promise<ConnectionStores> {
  await database.admin.query('TRUNCATE integration_connections, pending_revocations, provider_apps')
  return storesOn(database)
}

describe.each(kinds)('logged in as %s', (kind) => {
  let database: MigratedAs
  beforeAll(async () => {
    database = await migratedAs(kind)
  })
  afterAll(() => database.close())

  for (const [title, promise] of Object.entries(tenantIsolationPromises)) {
    test(`the store ${title}`, async () => promise(await emptied(database)))
  }

  test('a connection lives through claim, store, due claim, suspicion, disconnection and revocation', async () => {
    const stores = await emptied(database)
    await connect(stores, { dueInMs: 0 })
    expect(await stores.leases.store(await claimed(stores), refreshedTokens({ dueInMs: 0 }))).toBe('stored')
    expect((await stores.due.countDue(0)).get('meta')).toBe(1)
    const [lease] = await leaseDue(stores)
    expect(lease?.tokenVersion).toBe(2)
    if (lease !== undefined) await stores.leases.suspect(lease, 60_000)
    const retired = await stores.tokens.disconnect(KEY, { queueForRevocation: true })
    expect(await stores.revocations.claimDue(5, 60_000)).toEqual([
      { id: retired?.revocation, tenantId: TENANT },
    ])
    expect(await stores.revocations.read(OTHER_TENANT, retired?.revocation ?? '')).toBeUndefined()
  })

  for (const [title, promise] of Object.entries({ ...suspensionPromises, ...budgetPromises })) {
    test(`an app: ${title}`, async () => promise(await emptied(database)))
  }

  test('no table shows a row, and none takes one, where no tenant is set', async () => {
    const stores = await emptied(database)
    await connect(stores)
    await stores.tokens.disconnect(await connect(stores, { label: 'second' }), { queueForRevocation: true })
    const client = await database.pool.connect()
    try {
      await client.query(kind === 'a superuser' ? 'BEGIN; SET LOCAL ROLE integrations_app' : 'BEGIN')
      for (const table of TABLES) {
        expect((await client.query(`SELECT tenant_id FROM ${table}`)).rows).toEqual([])
        expect((await client.query(`UPDATE ${table} SET client_id = 'x'`)).rowCount).toBe(0)
        expect((await client.query(`DELETE FROM ${table}`)).rowCount).toBe(0)
      }
      await expect(
        client.query(
          `INSERT INTO pending_revocations (tenant_id, provider, label, connection_id, grant_id, token_version, client_id)
           VALUES ('tenant-a', 'meta', 'default', 'c', 'g', 1, 'client')`,
        ),
      ).rejects.toMatchObject({ code: '42501' })
    } finally {
      await client.query('ROLLBACK')
      client.release()
    }
  })

  test('a row cannot be handed to another tenant', async () => {
    const stores = await emptied(database)
    await connect(stores)
    const client = await database.pool.connect()
    try {
      await client.query(kind === 'a superuser' ? 'BEGIN; SET LOCAL ROLE integrations_app' : 'BEGIN')
      await client.query("SELECT set_config('app.tenant_id', 'tenant-a', true)")
      await expect(
        client.query("UPDATE integration_connections SET tenant_id = 'tenant-b'"),
      ).rejects.toMatchObject({ code: '42501' })
    } finally {
      await client.query('ROLLBACK')
      client.release()
    }
  })

  test('every function gives rows of the tenant it was asked for, and leaves the setting as it was', async () => {
    const stores = await emptied(database)
    await connect(stores, { dueInMs: 0 })
    await connect(stores, { tenantId: OTHER_TENANT, dueInMs: 0 })
    const lease = await claimed(stores, OTHER_KEY)
    await withTenant(database.pool, TENANT, async (client) => {
      const setting = async (): Promise<unknown> =>
        (await client.query("SELECT current_setting('app.tenant_id') AS tenant")).rows[0]?.['tenant']
      const calls = [
        `SELECT integrations_read_meta_ad_connections('tenant-b', 'meta', 'default')`,
        `SELECT integrations_read_many_meta_ad_connections(ARRAY['tenant-b'], ARRAY['meta'], ARRAY['default'])`,
        `SELECT integrations_read_other_connections('tenant-b', 'pinterest', 'default')`,
        `SELECT integrations_read_many_other_connections(ARRAY['tenant-b'], ARRAY['pinterest'], ARRAY['default'])`,
        `SELECT tenant_id FROM integrations_claim('tenant-b', 'meta', 'default', 1, 'p', 1000, 0, 0, 0, 9, 'c', NULL)`,
        `SELECT tenant_id FROM integrations_leased('[{"tenant":"tenant-b","provider":"meta","label":"default","epoch":1}]')`,
        `SELECT outcome FROM integrations_store('[{"item":0,"tenant":"tenant-b","provider":"meta","label":"default"}]')`,
        `SELECT tenant_id FROM integrations_claim_due(1, 1, '[{"provider":"meta","owner":"p","ttl_ms":1000,"base_ms":0,"cap_ms":0,"jitter":0,"max_attempts":9}]')`,
        `SELECT integrations_give_back('[{"provider":"meta","owner":"p"}]')`,
        `SELECT integrations_count_due(0)`,
        `SELECT integrations_needing_attention(1, 1, 0.25)`,
        `SELECT tenant_id FROM integrations_connections_of('meta', 'client-1', 'i', 's')`,
        `SELECT tenant_id FROM integrations_claim_revocations(1, 1000)`,
      ]
      for (const call of calls) {
        await client.query(call)
        expect(await setting(), call).toBe('tenant-a')
      }
    })
    const { rows } = await database.pool.query(
      `SELECT tenant_id FROM integrations_leased('[{"tenant":"tenant-a","provider":"meta","label":"default","epoch":${lease.epoch + 1}}]')`,
    )
    expect(rows).toEqual([])
  })

  test("withTenant shows the host's own role the rows of that tenant and of nobody else", async () => {
    const stores = await emptied(database)
    await connect(stores)
    await connect(stores, { tenantId: OTHER_TENANT })
    const seen = await withTenant(database.pool, TENANT, async (client) => {
      if (kind === 'a superuser') await client.query('SET LOCAL ROLE integrations_app')
      return (await client.query('SELECT tenant_id FROM integration_connections')).rows
    })
    expect(seen).toEqual([{ tenant_id: TENANT }])
  })
})

describe('the role of the hot read', () => {
  let database: MigratedAs
  beforeAll(async () => {
    database = await migratedAs('a superuser')
    const stores = storesOn(database)
    await connect(stores)
    await connect(stores, { tenantId: OTHER_TENANT })
  })
  afterAll(() => database.close())

  const inTransactionAs = (role: string, statements: readonly string[]): Promise<unknown> =>
    answerAs(database, role, statements, ({ rows }) => rows)

  test('sees the tenants that were asked for, no other, and without any nothing', async () => {
    const select = 'SELECT tenant_id FROM meta_ad_connections'
    expect(await inTransactionAs('integrations_reads', [select])).toEqual([])
    const ask = (tenants: string): string => `SELECT set_config('app.tenant_ids', '${tenants}', true)`
    expect(await inTransactionAs('integrations_reads', [ask('{tenant-b}'), select])).toEqual([
      { tenant_id: OTHER_TENANT },
    ])
    expect(await inTransactionAs('integrations_reads', [ask('{tenant-c}'), select])).toEqual([])
    expect(
      await inTransactionAs('integrations_reads', [
        "SELECT set_config('app.tenant_id', 'tenant-a', true)",
        select,
      ]),
    ).toEqual([])
  })

  test('may read no refresh token, and change nothing', async () => {
    for (const column of ['refresh_token', 'previous_refresh_token', 'candidates', 'subject_id']) {
      const select = `SELECT ${column} FROM meta_ad_connections`
      expect(await inTransactionAs('integrations_reads', [select])).toBe('42501')
    }
    expect(await inTransactionAs('integrations_reads', ['DELETE FROM meta_ad_connections'])).toBe('42501')
    expect(await inTransactionAs('integrations_reads', ['SELECT 1 FROM integration_connections'])).toBe(
      '42501',
    )
  })

  test('is of no use to a login that is a member of it, nor is its setting to the role of a tenant', async () => {
    const login = await createLogin(database.admin, database.url)
    const statements = [
      "SELECT set_config('app.tenant_ids', '{tenant-a,tenant-b}', true)",
      'SELECT tenant_id FROM meta_ad_connections',
    ]
    try {
      await database.admin.query(`GRANT integrations_reads TO ${login.name}`)
      expect(await inTransactionAs(login.name, statements)).toEqual([])
      expect(await inTransactionAs('integrations_app', statements)).toEqual([])
    } finally {
      await login.drop()
    }
  })
})

describe('the role of refreshes', () => {
  let database: MigratedAs
  beforeAll(async () => {
    database = await migratedAs('a superuser')
    const stores = storesOn(database)
    await connect(stores)
    await connect(stores, { tenantId: OTHER_TENANT })
  })
  afterAll(() => database.close())

  const asRefreshes = (...statements: readonly string[]): Promise<unknown> =>
    answerAs(database, 'integrations_refreshes', statements, ({ rows, rowCount }) =>
      rows.length > 0 ? rows : rowCount,
    )
  const NAMED = "SELECT set_config('app.tenant_ids', '{tenant-b}', true)"

  test('sees and replaces tokens of the tenants that were named, and of no other', async () => {
    expect(await asRefreshes('SELECT tenant_id FROM integration_connections')).toBe(0)
    expect(await asRefreshes(NAMED, 'SELECT tenant_id FROM integration_connections')).toEqual([
      { tenant_id: OTHER_TENANT },
    ])
    expect(await asRefreshes(NAMED, "UPDATE integration_connections SET access_token = 'x'")).toBe(1)
    expect(await asRefreshes("UPDATE integration_connections SET access_token = 'x'")).toBe(0)
  })

  test('may neither move, add nor delete a connection, and reads nothing of persons', async () => {
    for (const statement of [
      "UPDATE integration_connections SET tenant_id = 'tenant-a'",
      "UPDATE integration_connections SET grant_id = 'x'",
      'DELETE FROM integration_connections',
      'SELECT subject_id FROM integration_connections',
      'SELECT 1 FROM meta_ad_connections',
      'SELECT wrapped FROM data_keys',
    ]) {
      expect(await asRefreshes(NAMED, statement), statement).toBe('42501')
    }
  })
})

describe('the role of the job', () => {
  let database: MigratedAs
  beforeAll(async () => {
    database = await migratedAs('a superuser')
  })
  afterAll(() => database.close())

  test('may read no secret of a connection or of a queued revocation', async () => {
    const asJob = (statement: string): Promise<unknown> =>
      answerAs(database, 'integrations_jobs', [statement], ({ rows }) => rows)
    for (const column of ['access_token', 'refresh_token', 'previous_refresh_token', 'candidates']) {
      expect(await asJob(`SELECT ${column} FROM integration_connections`)).toBe('42501')
    }
    for (const column of ['access_token', 'refresh_token', 'candidates']) {
      expect(await asJob(`SELECT ${column} FROM pending_revocations`)).toBe('42501')
    }
    expect(await asJob('SELECT tenant_id FROM integration_connections')).toEqual([])
    for (const table of TABLES.slice(1, 6))
      expect(await asJob(`SELECT tenant_id FROM ${table}`)).toBe('42501')
    expect(await asJob("UPDATE integration_connections SET access_token = 'x'")).toBe('42501')
    expect(await asJob('DELETE FROM integration_connections')).toBe('42501')
    expect(await asJob('SELECT wrapped FROM data_keys')).toBe('42501')
  })

  test('is of no use to a login that is a member of it: only the functions act as it', async () => {
    const stores = storesOn(database)
    await connect(stores)
    const login = await createLogin(database.admin, database.url)
    try {
      await database.admin.query(`GRANT integrations_jobs TO ${login.name}`)
      const client = await database.admin.connect()
      try {
        await client.query(`BEGIN; SET LOCAL ROLE ${login.name}`)
        expect((await client.query('SELECT tenant_id FROM integration_connections')).rows).toEqual([])
      } finally {
        await client.query('ROLLBACK')
        client.release()
      }
    } finally {
      await login.drop()
    }
  })

  test('and every function are out of reach for a login that was not granted', async () => {
    const login = await createLogin(database.admin, database.url)
    try {
      const client = await database.admin.connect()
      try {
        await client.query(`BEGIN; SET LOCAL ROLE ${login.name}`)
        await expect(client.query('SELECT integrations_count_due(0)')).rejects.toMatchObject({
          code: '42501',
        })
      } finally {
        await client.query('ROLLBACK')
        client.release()
      }
    } finally {
      await login.drop()
    }
  })
})
