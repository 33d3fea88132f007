import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../domain/model/time.ts'
import type { Instant } from '../../domain/model/time.ts'
import { html } from './markup.ts'
import type { Markup } from './markup.ts'

const DAY_FORMAT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' })
const EXACT_FORMAT = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'long',
  timeStyle: 'short',
  timeZone: 'UTC',
})
const RELATIVE_FORMAT = new Intl.RelativeTimeFormat('en', { numeric: 'always' })

/** A moment as people say it, exact for machines and on hovering: “on 23 January 2027 (in 59 days)”, “3 minutes ago”. */
export function moment(at: Instant, now: Instant): Markup {
  const isFar = Math.abs(at - now) > 2 * DAY_MS
  const words = isFar ? `on ${DAY_FORMAT.format(at)} (${distance(at - now)})` : distance(at - now)
  return html`<time datetime="${new Date(at).toISOString()}" title="${EXACT_FORMAT.format(at)} UTC"
    >${words}</time
  >`
}

function distance(ms: number): string {
  const size = Math.abs(ms)
  if (size < MINUTE_MS) return ms <= 0 ? 'just now' : 'in less than a minute'
  if (size < HOUR_MS) return RELATIVE_FORMAT.format(Math.trunc(ms / MINUTE_MS), 'minute')
  if (size < 2 * DAY_MS) return RELATIVE_FORMAT.format(Math.trunc(ms / HOUR_MS), 'hour')
  return RELATIVE_FORMAT.format(Math.trunc(ms / DAY_MS), 'day')
}
