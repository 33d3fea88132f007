import { prepared } from './postgres-pool.ts'
import { StoreUnavailableError } from '../../domain/errors.ts'
import type { RefreshedTokens, RefreshLease, StoreOutcome } from '../../ports/refresh-leases.ts'
import type { SingleStatements } from './single-statement.ts'
import { storableMs, storableMsOrNull } from './storable.ts'

/** One result, as `integrations_store` takes it: sealed text, ids and numbers, nothing that could refuse to be stored. */
export type StorableResult = Readonly<Record<string, string | number | null>>

const STORE = prepared('SELECT item, outcome FROM public.integrations_store($1::json)')

export function storableResult(lease: RefreshLease, result: RefreshedTokens): StorableResult {
  return {
    tenant: lease.tenantId,
    provider: lease.provider,
    label: lease.label,
    connection: lease.connectionId,
    grant: lease.grantId,
    parent: lease.tokenVersion,
    epoch: lease.epoch,
    write_id: result.writeId,
    access_token: result.tokens.accessToken,
    refresh_token: result.tokens.refreshToken ?? null,
    previous_refresh_token: result.previousRefreshToken ?? null,
    expires_in_ms: storableMsOrNull(result.expiresInMs),
    refresh_expires_in_ms: storableMsOrNull(result.refreshExpiresInMs),
    due_in_ms: storableMs(result.dueInMs),
  }
}

/** `busy`: another transaction holds the row, and nothing is known of what it leaves behind. */
export type StoreAnswer = StoreOutcome | 'busy'

/** Stores results of any tenants in one statement, one round trip, one commit. */
export async function storeTogether(
  statements: SingleStatements,
  results: readonly StorableResult[],
): Promise<readonly StoreAnswer[]> {
  const items = results.map((result, item) => ({ item, ...result }))
  const rows = await statements.run<{ item: number; outcome: StoreAnswer }>(STORE, [JSON.stringify(items)])
  const answers = new Map(rows.map(({ item, outcome }) => [item, outcome]))
  return results.map((_, item) => {
    const answer = answers.get(item)
    if (answer === undefined)
      throw new StoreUnavailableError('Postgres', 'it answered less than it was asked')
    return answer
  })
}
