import type { Instant } from '../../domain/model/time.ts'

/**
 * Forgets ended entries from the oldest on, up to the first that lives: entries of one lifetime end in the order they
 * were made, so that each call does little and the map holds little more than what lives.
 */
export function dropEnded<K>(entries: Map<K, { readonly endsAt: Instant }>, now: Instant): void {
  for (const [key, { endsAt }] of entries) {
    if (endsAt > now) return
    entries.delete(key)
  }
}
