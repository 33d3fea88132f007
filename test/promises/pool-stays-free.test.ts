import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'pg'
import { expect, test } from 'vitest'
import { createPool } from '../../src/adapters/postgres/index.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import type { ConnectionKey } from '../../src/domain/model/identifiers.ts'
import { HOUR_MS } from '../../src/domain/model/time.ts'
import { saveTokens, seedTenants } from './keys-fixture.ts'
import { KEY, refreshFixture } from './refresh-fixture.ts'

const DUE = 40
const PLATFORM_MS = 3_000
const QUICK_MS = 500

test.each([2, 5])(
  'a slow platform holds none of the %i connections of a pool: other queries and reads are answered meanwhile',
  async (connections) => {
    const fixture = await refreshFixture('single_use')
    const { config, databaseUrl, elapse, emulator, pool: observer, process } = fixture
    const pool = createPool({ connectionString: databaseUrl, maxConnections: connections })
    try {
      const container = process({}, { ...config, database: { pool } })
      const due = await seedTenants(fixture, container, DUE)
      await elapse(HOUR_MS)
      const fresh: ConnectionKey = { ...KEY, label: 'fresh' }
      await saveTokens(container, fresh, emulator.control.grant('standard', 'fresh', ['ads']))
      emulator.control.setLatency(PLATFORM_MS, 'standard')
      const tokens = container.get(IDS.AccessTokens)
      const watched = watchTransactions(observer)

      const asked = due.slice(0, DUE / 2).map((key) => tokens.get(key))
      const run = container.get(IDS.RefreshDueConnections).run({ concurrency: DUE })
      const underWay = (): number =>
        emulator.control.lineages('standard').reduce((sum, { inFlight }) => sum + inFlight, 0)
      await expect.poll(underWay, { timeout: 10_000, interval: 10 }).toBeGreaterThanOrEqual(DUE)
      const slowest = await slowestOf([() => pool.query('SELECT 1'), () => tokens.get(fresh)])
      // All of it was answered before the platform had answered anything.
      expect(underWay()).toBeGreaterThanOrEqual(DUE)
      expect(slowest).toBeLessThan(QUICK_MS)

      await Promise.all(asked)
      expect(await run).toMatchObject({ failed: 0 })
      expect(await watched.maxIdleMs()).toBeLessThan(QUICK_MS)
    } finally {
      await pool.end()
    }
  },
)

async function slowestOf(asks: readonly (() => Promise<unknown>)[]): Promise<number> {
  let slowest = 0
  for (let turn = 0; turn < 25; turn += 1) {
    for (const ask of asks) {
      const startedAt = performance.now()
      await ask()
      slowest = Math.max(slowest, performance.now() - startedAt)
    }
  }
  return slowest
}

/** Looks every few milliseconds how long a transaction has been open with nothing going on in it. */
function watchTransactions(observer: Pool): { maxIdleMs(): Promise<number> } {
  let longest = 0
  let isOver = false
  const looking = (async () => {
    while (!isOver) {
      const { rows } = await observer.query<{ ms: number | null }>(
        `SELECT max(extract(epoch FROM clock_timestamp() - state_change) * 1000)::float8 AS ms
          FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
      )
      longest = Math.max(longest, rows[0]?.ms ?? 0)
      await delay(10)
    }
  })()
  return {
    maxIdleMs: async () => {
      isOver = true
      await looking
      return longest
    },
  }
}
