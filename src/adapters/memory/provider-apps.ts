import { turnSpacingMs } from '../../domain/model/request-budget.ts'
import type { Instant } from '../../domain/model/time.ts'
import type {
  AppPause,
  BudgetedApp,
  ProviderApp,
  ProviderApps,
  Suspension,
} from '../../ports/provider-apps.ts'
import type { ClaimRequest } from '../../ports/refresh-leases.ts'
import type { MemoryDatabase, MemoryTables } from './memory-database.ts'

/** What processes of one memory know of provider apps; see MemoryDatabase. */
export class MemoryProviderApps implements ProviderApps {
  readonly #database: MemoryDatabase

  constructor(database: MemoryDatabase) {
    this.#database = database
  }

  async suspend(app: ProviderApp, suspension: Suspension): Promise<void> {
    return this.#database.transact({ app, suspension }, (own, tables, now) => {
      const row = tables.app(own.app)
      const { reason, forMs } = own.suspension
      if (row.suspension !== undefined && row.suspension.until >= now + forMs) return
      tables.putApp(own.app, { ...row, suspension: { reason, until: now + forMs } })
    })
  }

  async suspensionOf(app: ProviderApp): Promise<AppPause | undefined> {
    return this.#database.transact(app, (own, tables, now) => pauseIn(tables, own, now))
  }

  async takeTurn(app: BudgetedApp, maxWaitMs: number): Promise<{ readonly waitMs: number } | AppPause> {
    return this.#database.transact({ app, maxWaitMs }, (own, tables, now) => {
      const pause = pauseIn(tables, own.app, now, own.maxWaitMs)
      if (pause !== undefined) return pause
      const row = tables.app(own.app)
      const turnAt = Math.max(row.nextRequestAt ?? now, now)
      const nextRequestAt = turnAt + turnSpacingMs(own.app.requestsPerSecond)
      tables.putApp(own.app, { ...row, nextRequestAt })
      return { waitMs: turnAt - now }
    })
  }
}

/** Why nothing may be claimed for an app now. */
export function claimPause(
  tables: MemoryTables,
  { app, maxWaitMs }: Pick<ClaimRequest, 'app' | 'maxWaitMs'>,
  now: Instant,
): AppPause | undefined {
  return pauseIn(tables, app, now, app.requestsPerSecond === undefined ? Infinity : maxWaitMs)
}

function pauseIn(
  tables: MemoryTables,
  app: ProviderApp,
  now: Instant,
  maxWaitMs = Infinity,
): AppPause | undefined {
  const { nextRequestAt = now, suspension } = tables.app(app)
  if (suspension !== undefined && suspension.until > now) {
    return { reason: suspension.reason, forMs: suspension.until - now }
  }
  const tooLongMs = nextRequestAt - now - maxWaitMs
  return tooLongMs > 0 ? { reason: 'budget', forMs: tooLongMs } : undefined
}

/** How many requests of an app may be sent within `maxWaitMs`. */
export function turnsWithin(
  tables: MemoryTables,
  { app, maxWaitMs }: Pick<ClaimRequest, 'app' | 'maxWaitMs'>,
  now: Instant,
): number {
  if (app.requestsPerSecond === undefined) return Infinity
  const aheadMs = Math.max(0, (tables.app(app).nextRequestAt ?? now) - now)
  return Math.max(1, Math.ceil((maxWaitMs - aheadMs) / turnSpacingMs(app.requestsPerSecond)))
}
