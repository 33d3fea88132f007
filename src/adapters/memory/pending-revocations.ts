import type { TenantId } from '../../domain/model/identifiers.ts'
import { DAY_MS } from '../../domain/model/time.ts'
import type {
  DueRevocation,
  PendingRevocations,
  RetiredGrant,
  RevocationId,
  RevocationOutcome,
} from '../../ports/pending-revocations.ts'
import type { MemoryDatabase } from './memory-database.ts'

const MAX_TRYING_MS = 30 * DAY_MS

/** The revocation queue in memory; see MemoryDatabase. */
export class MemoryPendingRevocations implements PendingRevocations {
  readonly #database: MemoryDatabase

  constructor(database: MemoryDatabase) {
    this.#database = database
  }

  async add(grant: RetiredGrant): Promise<RevocationId> {
    return this.#database.transact(grant, (own, tables, now) => tables.queue(own, now))
  }

  async claimDue(limit: number, leaseMs: number): Promise<readonly DueRevocation[]> {
    return this.#database.transact(limit, (most, { revocations }, now) => {
      const due = [...revocations.values()]
        .filter((entry) => entry.dueAt <= now)
        .sort((a, b) => a.dueAt - b.dueAt)
        .slice(0, most)
      for (const entry of due) revocations.set(entry.id, { ...entry, dueAt: now + leaseMs })
      return due.map(({ id, grant }) => ({ id, tenantId: grant.tenantId }))
    })
  }

  async read(tenantId: TenantId, id: RevocationId): Promise<RetiredGrant | undefined> {
    return this.#database.transact(id, (own, { revocations }) => {
      const grant = revocations.get(own)?.grant
      return grant?.tenantId === tenantId ? grant : undefined
    })
  }

  async settle(tenantId: TenantId, id: RevocationId, outcome: RevocationOutcome): Promise<void> {
    return this.#database.transact(outcome, (own, { revocations }, now) => {
      const entry = revocations.get(id)
      if (entry?.grant.tenantId !== tenantId) return
      if (own.done || now - entry.addedAt >= MAX_TRYING_MS) revocations.delete(id)
      else revocations.set(id, { ...entry, dueAt: now + own.retryInMs })
    })
  }
}
