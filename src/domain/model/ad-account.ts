/**
 * What a grant can reach at its provider: a Meta ad account, a Google Ads customer, a TikTok advertiser, a Klaviyo account.
 * `id` is the provider's own, as text.
 */
export interface AdAccount {
  readonly id: string
  readonly name?: string
  /** The provider's own word or number for the account's state; `isUsable` is what it means. */
  readonly status?: string
  readonly isUsable: boolean
  readonly currency?: string
  readonly timeZone?: string
  /** Google Ads: the manager through which the account is reached, sent as `login-customer-id`. */
  readonly loginCustomerId?: string
  readonly isManager?: boolean
}

/** A Klaviyo list or segment. */
export interface Audience {
  readonly id: string
  readonly name: string
  readonly kind: 'list' | 'segment'
  readonly optIn?: string
}

/** More than this many accounts are not kept; a grant that reaches them can still select any it names. */
export const MAX_ACCOUNTS = 5_000

/** More than this many lists, or segments, are not kept, and none beyond them can be chosen. */
export const MAX_AUDIENCES = 2_000

const MAX_TEXT_LENGTH = 200

/** Makes text from a provider safe to store and to show: no NUL, no control characters, no lone surrogates, bounded. */
export function cleanText(text: string): string {
  // Cut first: what is left of a character at the edge is a lone surrogate, and goes with the others.
  return Array.from(text.slice(0, MAX_TEXT_LENGTH), cleanCharacter).join('').trim()
}

function cleanCharacter(character: string): string {
  const point = character.codePointAt(0) ?? 0
  if (point >= 0xd800 && point <= 0xdfff) return ''
  return point < 0x20 || (point >= 0x7f && point <= 0x9f) ? ' ' : character
}
