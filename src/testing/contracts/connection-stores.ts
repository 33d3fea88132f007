import type { DueConnections } from '../../ports/due-connections.ts'
import type { PendingRevocations } from '../../ports/pending-revocations.ts'
import type { ProviderApps } from '../../ports/provider-apps.ts'
import type { RefreshLeases } from '../../ports/refresh-leases.ts'
import type { TokenStore } from '../../ports/token-store.ts'

/** The ports that lie over one database. */
export interface ConnectionStores {
  readonly tokens: TokenStore
  readonly leases: RefreshLeases
  readonly due: DueConnections
  readonly revocations: PendingRevocations
  readonly apps: ProviderApps

  /**
   * Lets at least `ms` pass for the stores: by setting their clock, or where that is a real database's, by moving every
   * time in its rows `ms` into the past.
   */
  elapse(ms: number): Promise<void>
  close(): Promise<void>
}

/** Opens stores with nothing in them. */
export type OpenConnectionStores = () => Promise<ConnectionStores>

/** By title, what stores promise, each told as a test over empty stores of its own. */
export type ConnectionPromises = Readonly<Record<string, (stores: ConnectionStores) => Promise<void>>>
