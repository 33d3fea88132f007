import { randomUUID } from 'node:crypto'
import type { CreatedPool as Pool } from '../../../src/adapters/postgres/index.ts'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import {
  createPool,
  PostgresDueConnections,
  PostgresPendingRevocations,
  PostgresProviderApps,
  PostgresRefreshLeases,
  PostgresTokenStore,
} from '../../../src/adapters/postgres/index.ts'
import type { PostgresPool, PreparedStatement } from '../../../src/adapters/postgres/index.ts'
import { parseTenantId } from '../../../src/domain/model/identifiers.ts'
import type { DueRequest } from '../../../src/ports/due-connections.ts'
import type {
  ClaimRequest,
  RefreshLease,
  RefreshLeases,
  StoreOutcome,
} from '../../../src/ports/refresh-leases.ts'
import {
  claimed,
  claimRequest,
  claimVersion,
  connect,
  connectionOf,
  KEY,
  NOBODY,
  range,
  refreshedTokens,
  sealed,
} from '../../../src/testing/contracts/connection-fixtures.ts'
import type { ConnectionStores } from '../../../src/testing/contracts/connection-stores.ts'
import { moveTimes } from '../../contracts/postgres-stores.ts'
import { freshDatabase } from '../../support/database.ts'
import type { TestDatabase } from '../../support/database.ts'

let database: TestDatabase
let pool: Pool
let stores: ConnectionStores
beforeAll(async () => {
  database = await freshDatabase()
  pool = createPool({ connectionString: database.url })
  stores = {
    tokens: new PostgresTokenStore({ pool }),
    leases: new PostgresRefreshLeases({ pool }),
    due: new PostgresDueConnections({ pool }),
    revocations: new PostgresPendingRevocations({ pool }),
    apps: new PostgresProviderApps({ pool }),
    elapse: (ms) => moveTimes(pool, ms),
    close: async () => undefined,
  }
})
beforeEach(async () => {
  await pool.query('TRUNCATE integration_connections, pending_revocations, provider_apps')
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

/** Counts what goes to the server; everything arrives there. */
function counted(inner: Pool): { readonly pool: PostgresPool; readonly sent: string[] } {
  const sent: string[] = []
  return {
    sent,
    pool: {
      connect: () => inner.connect(),
      query: (statement, values) => {
        sent.push(textOf(statement))
        return inner.query(statement, values)
      },
    },
  }
}

async function claimedByMany(count: number): Promise<readonly RefreshLease[]> {
  const tenants = range(count).map((n) => parseTenantId(`tenant-${n}`))
  for (const tenantId of tenants) await connect(stores, { tenantId })
  return Promise.all(tenants.map((tenantId) => claimed(stores, { ...KEY, tenantId })))
}

test('of fifty claims from two processes one is granted', async () => {
  const second = createPool({ connectionString: database.url })
  try {
    await connect(stores)
    const others = new PostgresRefreshLeases({ pool: second })
    const claims = range(50).map((n) =>
      (n % 2 === 0 ? stores.leases : others).claim(KEY, 1, claimRequest({ owner: `process-${n}` })),
    )
    expect((await Promise.all(claims)).filter((lease) => lease !== undefined)).toHaveLength(1)
  } finally {
    await second.end()
  }
})

test('results that come together are stored by one statement, each with its own outcome', async () => {
  const leases = await claimedByMany(30)
  const spy = counted(pool)
  const storing = new PostgresRefreshLeases({ pool: spy.pool })
  const [stale, gone, ...rest] = leases
  if (stale === undefined || gone === undefined) throw new Error('two leases are needed')
  await stores.leases.store(stale, refreshedTokens())
  await stores.tokens.disconnect(gone, { queueForRevocation: false })
  const results = leases.map(() => refreshedTokens())
  const outcomes = await Promise.all(
    leases.map((lease, index) => storing.store(lease, results[index] ?? refreshedTokens())),
  )
  expect(outcomes).toEqual(['superseded', 'grant_gone', ...rest.map(() => 'stored')])
  expect(spy.sent).toHaveLength(1)
  for (const [index, lease] of leases.entries()) {
    if (index < 2) continue
    const reading = await stores.tokens.read(lease)
    expect(reading?.accessToken).toBe(results[index]?.tokens.accessToken)
  }
})

test('a write id is recognised within a group, and by another process', async () => {
  const [first, second] = await claimedByMany(2)
  if (first === undefined || second === undefined) throw new Error('two leases are needed')
  const lost = refreshedTokens()
  await stores.leases.store(first, lost)
  const again = new PostgresRefreshLeases({ pool })
  expect(await Promise.all([again.store(first, lost), again.store(second, refreshedTokens())])).toEqual([
    'stored',
    'stored',
  ])
  expect((await connectionOf(stores, first)).tokenVersion).toBe(2)
})

/** As whoever got the tokens does: a store that is refused because the row is held is tried again. */
async function storedInTime(leases: RefreshLeases, lease: RefreshLease): Promise<StoreOutcome> {
  const result = refreshedTokens()
  let outcome: StoreOutcome | undefined
  const attempt = async (): Promise<StoreOutcome | undefined> => {
    outcome = await leases.store(lease, result).catch(() => undefined)
    return outcome
  }
  await expect.poll(attempt).toBeDefined()
  if (outcome === undefined) throw new Error('the result was not stored')
  return outcome
}

test('groups that hold the same connections in another order do not wait for each other without end', async () => {
  const leases = await claimedByMany(40)
  const processes = range(4).map(() => new PostgresRefreshLeases({ pool }))
  const outcomes = await Promise.all(
    processes.flatMap((process, index) =>
      (index % 2 === 0 ? leases : leases.toReversed()).map((lease) => storedInTime(process, lease)),
    ),
  )
  expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(40)
  expect(outcomes.filter((outcome) => outcome === 'superseded')).toHaveLength(120)
})

/** Holds what `where` names until `work` is done, as a transaction of the host's may. */
async function whileHeld(where: string, work: () => Promise<void>): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query(`BEGIN; SELECT FROM integration_connections WHERE ${where} FOR UPDATE`)
    await work()
  } finally {
    await client.query('COMMIT')
    client.release()
  }
}

test('a connection that somebody holds keeps no other of its group from being stored', async () => {
  const [held, ...others] = await claimedByMany(10)
  if (held === undefined) throw new Error('a lease is needed')
  const result = refreshedTokens()
  await whileHeld(`tenant_id = '${held.tenantId}'`, async () => {
    const refused = expect(stores.leases.store(held, result)).rejects.toMatchObject({
      code: 'store_unavailable',
    })
    const stored = others.map((lease) => stores.leases.store(lease, refreshedTokens()))
    expect(await Promise.all(stored)).toEqual(others.map(() => 'stored'))
    await refused
    const elsewhere = stores.leases.store({ ...held, grantId: NOBODY }, refreshedTokens())
    await expect(elsewhere).rejects.toMatchObject({ code: 'store_unavailable' })
  })
  expect((await connectionOf(stores, held)).tokenVersion).toBe(1)
  expect(await stores.leases.store(held, result)).toBe('stored')
})

test('a claim gives up a connection that somebody holds, and has claimed nothing', async () => {
  await connect(stores)
  await whileHeld('true', async () => {
    await expect(stores.leases.claim(KEY, 1, claimRequest())).rejects.toThrow('it answered 55P03')
  })
  expect(await claimed(stores)).toMatchObject({ epoch: 1, attempt: 1 })
})

test('no number of a provider keeps a token from being stored', async () => {
  await connect(stores)
  const lease = await claimed(stores)
  const nan = Number.NaN
  const absurd = { expiresInMs: Number.POSITIVE_INFINITY, refreshExpiresInMs: nan, dueInMs: nan }
  const result = refreshedTokens(absurd)
  expect(await stores.leases.store(lease, result)).toBe('stored')
  expect((await stores.tokens.read(KEY))?.accessToken).toBe(result.tokens.accessToken)
})

test('a stale owner ends nothing of the lease that followed its own', async () => {
  await connect(stores)
  const stale = await claimed(stores)
  await stores.elapse(3 * 60_000)
  await claimed(stores, KEY, { owner: 'process-2' })
  await stores.leases.release(stale, { errorCode: 'provider_unavailable', retryInMs: 0 })
  const { rows } = await pool.query<Record<string, unknown>>(
    'SELECT lease_owner, last_error_code FROM integration_connections',
  )
  expect(rows).toEqual([{ lease_owner: 'process-2', last_error_code: null }])
})

test('what a claim, a store or a save wrote is on disk where the database by default does not wait for it', async () => {
  const lax = createPool({ connectionString: `${database.url}?options=-c%20synchronous_commit%3Doff` })
  try {
    await pool.query(`
      CREATE TABLE seen (synchronous_commit text);
      CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN INSERT INTO public.seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT OR UPDATE ON meta_ad_connections
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note()`)
    const laxStores: ConnectionStores = {
      ...stores,
      tokens: new PostgresTokenStore({ pool: lax }),
      leases: new PostgresRefreshLeases({ pool: lax }),
      due: new PostgresDueConnections({ pool: lax }),
    }
    await connect(laxStores, { dueInMs: 0 })
    await laxStores.leases.store(await claimed(laxStores), refreshedTokens({ dueInMs: 0 }))
    const claims = { meta: claimRequest() }
    const request = { limit: 1, maxPerTenant: 1, providers: ['meta'], claims }
    expect((await laxStores.due.claimDue(request)).leases).toHaveLength(1)
    await laxStores.tokens.disconnect(KEY, { queueForRevocation: true })
    const { rows } = await pool.query<{ setting: string }>(
      'SELECT DISTINCT synchronous_commit AS setting FROM seen',
    )
    expect(rows).toEqual([{ setting: 'on' }])
    const after = await lax.query<{ setting: string }>(
      "SELECT current_setting('synchronous_commit') AS setting",
    )
    expect(after.rows).toEqual([{ setting: 'off' }])
  } finally {
    await pool.query('DROP TABLE seen; DROP FUNCTION note CASCADE')
    await lax.end()
  }
})

test('claims and releases leave the indexes alone: most are heap-only updates', async () => {
  const tenants = range(200).map((n) => parseTenantId(`tenant-${n}`))
  for (const tenantId of tenants) {
    await connect(stores, { tenantId, tokens: { accessToken: realistic(), refreshToken: realistic() } })
  }
  const before = await updates()
  const own = createPool({ connectionString: database.url })
  const leases = new PostgresRefreshLeases({ pool: own })
  for (const tenantId of tenants) {
    const lease = await claimVersion({ ...stores, leases }, { ...KEY, tenantId }, 1)
    if (lease !== undefined) await leases.release(lease, { retryInMs: 0 })
  }
  // Backends report what they did when they end, and now and then before.
  await own.end()
  await expect.poll(async () => (await updates()).all - before.all).toBe(400)
  // All of them are when nothing else runs; a snapshot that somebody holds keeps old versions in the way. Were either
  // claims or releases to touch an index, no more than the other half could be.
  expect((await updates()).heapOnly - before.heapOnly).toBeGreaterThan(200)
})

function realistic(): ReturnType<typeof sealed> {
  return sealed(
    range(6)
      .map(() => randomUUID())
      .join(''),
  )
}

async function updates(): Promise<{ readonly all: number; readonly heapOnly: number }> {
  const { rows } = await pool.query<{ all: number; heap_only: number }>(
    `SELECT n_tup_upd::int AS all, n_tup_hot_upd::int AS heap_only
     FROM pg_stat_user_tables WHERE relname = 'meta_ad_connections'`,
  )
  return { all: rows[0]?.all ?? 0, heapOnly: rows[0]?.heap_only ?? 0 }
}

/** Sends every statement once it is told to, and not before. */
function held(inner: Pool): { readonly pool: PostgresPool; readonly letGo: () => void } {
  let letGo = (): void => undefined
  const gone = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const query: PostgresPool['query'] = async (statement, values) => {
    await gone
    return inner.query(statement, values)
  }
  return { pool: { connect: () => inner.connect(), query }, letGo }
}

/** Lets the time that is waited for an answer pass, and expects that it was given up. */
async function givenUp(claim: () => Promise<unknown>): Promise<void> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const rejected = expect(claim()).rejects.toMatchObject({ code: 'store_unavailable' })
    await vi.advanceTimersByTimeAsync(10_000)
    await rejected
  } finally {
    vi.useRealTimers()
  }
}

async function leaseColumns(): Promise<unknown> {
  return (await pool.query('SELECT lease_epoch, lease_until FROM integration_connections')).rows
}

test('a claim that is answered when nobody waits for it any more is given back', async () => {
  await connect(stores)
  const slow = held(pool)
  await givenUp(() => new PostgresRefreshLeases(slow).claim(KEY, 1, claimRequest()))
  slow.letGo()
  await expect.poll(leaseColumns).toEqual([{ lease_epoch: 1, lease_until: null }])
  expect(await claimed(stores)).toMatchObject({ epoch: 2, isUncertain: false })
})

const textOf = (asked: string | PreparedStatement): string => (typeof asked === 'string' ? asked : asked.text)

/** Lets the first statements that hold `text` fail, `times` of them. */
function failing(inner: Pool, text: string, times: number): PostgresPool {
  let left = times
  return {
    connect: () => inner.connect(),
    query: async (statement, values) => {
      if (!textOf(statement).includes(text) || left === 0) return inner.query(statement, values)
      left -= 1
      throw new Error('the connection was cut')
    },
  }
}

const UNTRIED = { attempt: 1, epoch: 2, isUncertain: false }

function dueRequest(changes: Partial<ClaimRequest> = {}): DueRequest {
  return { limit: 50, maxPerTenant: 50, providers: ['meta'], claims: { meta: claimRequest(changes) } }
}

test('a batch that was claimed is read again when its connection is cut in between', async () => {
  await connect(stores, { dueInMs: 0 })
  const due = new PostgresDueConnections({ pool: failing(pool, 'integrations_leased', 2) })
  expect((await due.claimDue(dueRequest())).leases).toMatchObject([{ tenantId: KEY.tenantId, attempt: 1 }])
})

test('a batch that was claimed and cannot be read is given back, and none of it counts', async () => {
  for (const label of ['first', 'second']) await connect(stores, { label, dueInMs: 0 })
  const due = new PostgresDueConnections({ pool: failing(pool, 'integrations_leased', Infinity) })
  await expect(due.claimDue(dueRequest())).rejects.toMatchObject({ code: 'store_unavailable' })
  const claim = async (): Promise<unknown> =>
    (await stores.due.claimDue(dueRequest({ maxAttemptsPerHour: 1 }))).leases
  await expect.poll(claim).toMatchObject([UNTRIED, UNTRIED])
})

test('a batch that is answered when nobody waits for it any more is given back', async () => {
  await connect(stores, { dueInMs: 0 })
  const slow = held(pool)
  await givenUp(() => new PostgresDueConnections(slow).claimDue(dueRequest()))
  slow.letGo()
  await expect.poll(leaseColumns).toEqual([{ lease_epoch: 1, lease_until: null }])
  expect((await stores.due.claimDue(dueRequest())).leases).toMatchObject([UNTRIED])
})

/** Lets the statements that hold `text` arrive and be done, and loses every answer to them. */
function cut(inner: Pool, text: string): PostgresPool {
  return {
    connect: () => inner.connect(),
    query: async (statement, values) => {
      const answer = await inner.query(statement, values)
      if (textOf(statement).includes(text)) throw new Error('the connection was cut')
      return answer as never
    },
  }
}

test('a claim whose answer was lost with its connection is given back, and does not count', async () => {
  for (const label of [KEY.label, 'other']) await connect(stores, { label })
  const other = await claimed(stores, { ...KEY, label: 'other' })
  const leases = new PostgresRefreshLeases({ pool: cut(pool, 'integrations_claim') })
  await expect(leases.claim(KEY, 1, claimRequest())).rejects.toMatchObject({ code: 'store_unavailable' })
  await expect.poll(async () => (await stores.tokens.read(KEY))?.leaseMs, { timeout: 5_000 }).toBe(0)
  expect(await claimed(stores)).toMatchObject({ epoch: 2, attempt: 1, isUncertain: false })
  expect((await stores.tokens.read(other))?.leaseMs).toBeGreaterThan(0)
})

test('a batch whose answer was lost with its connection is given back, and none of it counts', async () => {
  for (const label of ['first', 'second', 'other']) await connect(stores, { label, dueInMs: 0 })
  const other = await claimed(stores, { ...KEY, label: 'other' })
  const due = new PostgresDueConnections({ pool: cut(pool, 'integrations_claim_due') })
  await expect(due.claimDue(dueRequest())).rejects.toMatchObject({ code: 'store_unavailable' })
  const claim = async (): Promise<unknown> => (await stores.due.claimDue(dueRequest())).leases
  await expect.poll(claim, { timeout: 5_000 }).toMatchObject([UNTRIED, UNTRIED])
  expect((await stores.tokens.read(other))?.leaseMs).toBeGreaterThan(0)
})
