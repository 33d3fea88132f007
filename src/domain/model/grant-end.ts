import { isLive } from './connection.ts'
import type { Connection } from './connection.ts'
import { DAY_MS } from './time.ts'
import type { Instant } from './time.ts'
import type { TokenSet } from './token-set.ts'

/**
 * How long tokens of a new grant can be had, as far as is known: until its refresh token ends, or the token that nothing
 * renews. `null`: no end is known.
 */
export function renewableForMs(
  renewal: 'refresh_token' | 'self_exchange' | 'none',
  tokens: Pick<TokenSet, 'expiresInMs' | 'refreshExpiresInMs' | 'refreshToken'>,
): number | null {
  if (renewal === 'self_exchange') return null
  const isRenewed = renewal === 'refresh_token' && tokens.refreshToken !== undefined
  return isRenewed ? tokens.refreshExpiresInMs : tokens.expiresInMs
}

/**
 * When the grant ends however often its token is refreshed, so that a person has to consent again: when it cannot be
 * refreshed any more, or where the platform limits access to data (Meta), whichever is earlier. `null`: no end is known, or
 * the grant is not live.
 */
export function grantExpiresAt(
  connection: Pick<Connection, 'dataAccessExpiresAt' | 'refreshExpiresAt' | 'status'>,
): Instant | null {
  const { dataAccessExpiresAt, refreshExpiresAt, status } = connection
  if (!isLive(status)) return null
  if (dataAccessExpiresAt === null || refreshExpiresAt === null)
    return dataAccessExpiresAt ?? refreshExpiresAt
  return Math.min(dataAccessExpiresAt, refreshExpiresAt)
}

/** How long before the end of a grant people are told: two weeks, or the last quarter of a shorter life. */
export const EXPIRY_NOTICE = { maxMs: 14 * DAY_MS, share: 0.25 } as const

/** Whether it is time to tell people that a grant ends, or has ended. */
export function isGrantExpiring(
  expiresAt: Instant | null,
  connectedAt: Instant,
  now: Instant,
  notice: { readonly maxMs: number; readonly share: number } = EXPIRY_NOTICE,
): boolean {
  if (expiresAt === null) return false
  return now >= expiresAt - Math.min(notice.maxMs, (expiresAt - connectedAt) * notice.share)
}
