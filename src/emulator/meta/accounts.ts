import type { Json } from '../exchange.ts'
import { isGuest, stableId } from '../people.ts'

/** An ad account with every field that the emulator can be asked for. */
export type MetaAdAccount = Readonly<Record<string, Json>> & { readonly id: string }

const counts: Readonly<Record<string, number>> = { ada: 3, sol: 1, max: 3000, dana: 2, clara: 2, sys: 2 }
const active = 1
const closed = 101

/** The ad accounts that a person reaches, oldest first. */
export function adAccountsOf(person: string): readonly MetaAdAccount[] {
  return Array.from({ length: counts[person] ?? (isGuest(person) ? 1 : 0) }, (_, index) =>
    adAccount(person, index),
  )
}

function adAccount(person: string, index: number): MetaAdAccount {
  const accountId = stableId(`meta ${person} ${index}`, 15)
  const isClosed = person === 'clara' && index === 1
  return {
    id: `act_${accountId}`,
    account_id: accountId,
    name: `${person} shop ${index + 1}`,
    account_status: isClosed ? closed : active,
    disable_reason: 0,
    currency: index % 2 === 0 ? 'USD' : 'EUR',
    timezone_name: index % 2 === 0 ? 'America/New_York' : 'Europe/Berlin',
    business: { id: stableId(`meta business ${person}`, 15), name: `${person} holdings` },
  }
}
