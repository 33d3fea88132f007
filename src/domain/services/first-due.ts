import type { ProviderClient } from '../../ports/provider-client.ts'
import { dueInMs } from '../model/freshness.ts'

/** When the job should look at a credential that was just stored: before its end, or for its daily verification. */
export function firstDue(client: ProviderClient, expiresInMs: number | null, jitter: number): number {
  const { renewal, windowMs, verifyEveryMs, renewAtMostEveryMs } = client.traits
  const verification = verifyEveryMs * (0.9 + jitter * 0.1)
  if (expiresInMs === null) return Math.floor(verification)
  const due = Math.max(dueInMs(expiresInMs, windowMs, jitter), Math.min(renewAtMostEveryMs, expiresInMs / 2))
  // A refresh tells by itself that the grant lives; an exchange comes only weeks later.
  return Math.floor(renewal === 'refresh_token' ? due : Math.min(due, verification))
}
