/** No text that a provider sends is worth more; an index entry holds it whole. */
const MAX_TEXT_LENGTH = 500

/** What a text column takes: no NUL, no lone surrogate, not without end. */
export function storableText(text: string): string {
  return text.slice(0, MAX_TEXT_LENGTH).replace(/[\0\p{Cs}]/gu, '\ufffd')
}

export function storableTextOrNull(text: string | null | undefined): string | null {
  return text === null || text === undefined ? null : storableText(text)
}

/** A jsonb value, every text in it storable: jsonb refuses what JSON allows. */
export function storableJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'string' ? storableText(member) : member,
  )
}

const MAX_MS = 50 * 365 * 86_400_000

/** Milliseconds that an interval takes: a number must never be what a token is lost for. */
export function storableMs(ms: number): number {
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, -MAX_MS), MAX_MS)
}

export function storableMsOrNull(ms: number | null): number | null {
  return ms === null ? null : storableMs(ms)
}
