import type { Json } from '../exchange.ts'
import { isGuest, stableId } from '../people.ts'

/** An advertiser with every field that `advertiser/info/` can be asked for. */
export type TikTokAdvertiser = Readonly<Record<string, Json>> & {
  readonly advertiser_id: string
  readonly name: string
}

const counts: Readonly<Record<string, number>> = { ada: 3, sol: 1, max: 3000, dana: 2, clara: 2 }

/** The advertisers that the person can authorise. */
export function advertisersOf(person: string): readonly TikTokAdvertiser[] {
  return Array.from({ length: counts[person] ?? (isGuest(person) ? 1 : 0) }, (_, index) => ({
    advertiser_id: stableId(`tiktok ${person} ${index}`, 19),
    name: `${person} brand ${index + 1}`,
    status: person === 'clara' && index === 1 ? 'STATUS_DISABLE' : 'STATUS_ENABLE',
    currency: index % 2 === 0 ? 'USD' : 'EUR',
    timezone: index % 2 === 0 ? 'Etc/GMT+5' : 'Etc/GMT-1',
    display_timezone: index % 2 === 0 ? 'America/New_York' : 'Europe/Berlin',
    company: `${person} trading`,
    country: index % 2 === 0 ? 'US' : 'DE',
    role: 'ROLE_ADVERTISER',
  }))
}
