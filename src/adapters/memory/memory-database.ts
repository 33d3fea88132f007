import { connectionKeyText } from '../../domain/model/identifiers.ts'
import type { ConnectionKey } from '../../domain/model/identifiers.ts'
import type { Instant } from '../../domain/model/time.ts'
import type { Clock } from '../../ports/clock.ts'
import type { RetiredGrant, RevocationId } from '../../ports/pending-revocations.ts'
import type { ProviderApp, Suspension } from '../../ports/provider-apps.ts'
import type { ConnectionRow } from './connection-row.ts'

export interface RevocationRow {
  readonly id: RevocationId
  readonly grant: RetiredGrant
  readonly addedAt: Instant
  readonly dueAt: Instant
}

/** What is known of a provider app; nothing at first. */
export interface AppRow {
  readonly suspension?: { readonly reason: Suspension['reason']; readonly until: Instant }
  readonly nextRequestAt?: Instant
}

/** What one transaction sees and changes, at one moment of the database's clock. */
export class MemoryTables {
  readonly #connections = new Map<string, ConnectionRow>()
  readonly #apps = new Map<string, AppRow>()
  readonly revocations = new Map<RevocationId, RevocationRow>()
  #revocationsAdded = 0

  connection(key: ConnectionKey): ConnectionRow | undefined {
    return this.#connections.get(connectionKeyText(key))
  }

  /** In the order in which they were first put. */
  connections(): readonly ConnectionRow[] {
    return [...this.#connections.values()]
  }

  put(row: ConnectionRow): void {
    this.#connections.set(connectionKeyText(row.connection), row)
  }

  remove(key: ConnectionKey): void {
    this.#connections.delete(connectionKeyText(key))
  }

  app(app: ProviderApp): AppRow {
    return this.#apps.get(appText(app)) ?? {}
  }

  putApp(app: ProviderApp, row: AppRow): void {
    this.#apps.set(appText(app), row)
  }

  queue(grant: RetiredGrant, now: Instant): RevocationId {
    this.#revocationsAdded += 1
    const id = `revocation-${this.#revocationsAdded}`
    this.revocations.set(id, { id, grant, addedAt: now, dueAt: now })
    return id
  }
}

/**
 * Connections and queued revocations in the memory of one process: for tests, and for trying things out. What the
 * stores over one database promise each other holds, but nothing survives the process.
 */
export class MemoryDatabase {
  readonly #clock: Clock
  readonly #tables = new MemoryTables()

  constructor(options: { readonly clock: Clock }) {
    this.#clock = options.clock
  }

  /**
   * Runs `step` at once and alone, like a transaction, between two turns of the event queue, so that callers interleave
   * as they would over a network. `input` is copied when the call is made and the result before it is handed out: no
   * object is shared between callers and tables.
   */
  async transact<I, O>(input: I, step: (input: I, tables: MemoryTables, now: Instant) => O): Promise<O> {
    const own = structuredClone(input)
    await Promise.resolve()
    const result = structuredClone(step(own, this.#tables, this.#clock.now()))
    await Promise.resolve()
    return result
  }
}

/** The name of a provider has no space in it. */
function appText({ provider, clientId }: ProviderApp): string {
  return `${provider} ${clientId}`
}
