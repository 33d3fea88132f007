import type { Connection } from './connection.ts'
import type { RotationClass } from './rotation.ts'
import { DAY_MS } from './time.ts'
import type { Instant } from './time.ts'

/**
 * The credential whose end is the end of the grant, because nothing replaces it: an access token that cannot be renewed, or
 * a refresh token that stays the same. `none`: each renewal brings another.
 */
export type GrantLimit = 'access_token' | 'refresh_token' | 'none'

/** The limit that follows from how a provider renews. */
export function grantLimitOf(traits: {
  readonly renewal: 'refresh_token' | 'self_exchange' | 'none'
  readonly rotation: RotationClass
}): GrantLimit {
  if (traits.renewal === 'none') return 'access_token'
  return traits.renewal === 'refresh_token' && traits.rotation.kind === 'none' ? 'refresh_token' : 'none'
}

/**
 * When the grant ends however often its token is refreshed, so that a person has to consent again: at its limit, or where
 * the platform limits access to data (Meta), whichever is earlier. `null`: no such end is known.
 */
export function grantExpiresAt(
  connection: Pick<Connection, 'dataAccessExpiresAt' | 'refreshExpiresAt' | 'tokenExpiresAt'>,
  limit: GrantLimit,
): Instant | null {
  const ends = [
    connection.dataAccessExpiresAt,
    limit === 'access_token' ? connection.tokenExpiresAt : null,
    limit === 'refresh_token' ? connection.refreshExpiresAt : null,
  ].filter((end) => end !== null)
  return ends.length === 0 ? null : Math.min(...ends)
}

/** How long before the end of a grant people are told: two weeks, or the last quarter of a shorter life. */
export const EXPIRY_NOTICE = { maxMs: 14 * DAY_MS, share: 0.25 } as const

/** Whether it is time to tell people that a grant ends. */
export function isGrantExpiring(expiresAt: Instant | null, connectedAt: Instant, now: Instant): boolean {
  if (expiresAt === null) return false
  return now >= expiresAt - Math.min(EXPIRY_NOTICE.maxMs, (expiresAt - connectedAt) * EXPIRY_NOTICE.share)
}
