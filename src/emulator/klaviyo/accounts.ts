import { emulatorKlaviyoKeys } from '../apps.ts'
import type { Json } from '../exchange.ts'
import { isGuest, stableId } from '../people.ts'

/** A Klaviyo account and who may open it. */
export interface KlaviyoAccount {
  /** Six characters, the same as the public key. */
  readonly id: string
  readonly name: string
  readonly lists: number
  readonly segments: number
}

/** A private key: it belongs to one account and carries scopes. */
export interface KlaviyoKey {
  readonly value: string
  readonly account: KlaviyoAccount
  readonly scopes: readonly string[]
}

const full: KlaviyoAccount = { id: 'EMUFUL', name: 'Fjord Candles', lists: 25, segments: 12 }
const many: KlaviyoAccount = { id: 'EMUMNY', name: 'Everything Store', lists: 350, segments: 40 }
const empty: KlaviyoAccount = { id: 'EMUEMP', name: 'Opening Soon', lists: 0, segments: 0 }

const allScopes = [
  'accounts:read',
  'lists:read',
  'lists:write',
  'segments:read',
  'profiles:read',
  'profiles:write',
]

export const klaviyoKeys: readonly KlaviyoKey[] = [
  { value: emulatorKlaviyoKeys.full, account: full, scopes: allScopes },
  { value: emulatorKlaviyoKeys.many, account: many, scopes: allScopes },
  { value: emulatorKlaviyoKeys.empty, account: empty, scopes: allScopes },
  { value: emulatorKlaviyoKeys.withoutLists, account: full, scopes: ['accounts:read', 'segments:read'] },
]

const owned: Readonly<Record<string, KlaviyoAccount>> = { ada: full, max: many, nora: empty }

export function klaviyoAccountOf(person: string): KlaviyoAccount | undefined {
  if (isGuest(person)) return { ...full, id: stableId(person, 6), name: person }
  return owned[person]
}

export function accountResource(account: KlaviyoAccount): Json {
  const address = {
    address1: '1 Quay Street',
    address2: '',
    city: 'Bergen',
    region: '',
    country: 'Norway',
    zip: '5003',
  }
  return {
    type: 'account',
    id: account.id,
    attributes: {
      test_account: false,
      contact_information: {
        default_sender_name: account.name,
        default_sender_email: 'hello@example.test',
        website_url: 'https://example.test',
        organization_name: account.name,
        street_address: address,
      },
      industry: 'Ecommerce',
      timezone: 'US/Eastern',
      preferred_currency: 'USD',
      public_api_key: account.id,
      locale: 'en-US',
    },
    links: { self: `https://a.klaviyo.com/api/accounts/${account.id}/` },
  }
}

export function listResources(
  account: KlaviyoAccount,
): readonly { readonly id: string; readonly resource: Json }[] {
  return Array.from({ length: account.lists }, (_, index) => {
    const attributes = {
      name: index === 0 ? 'Newsletter' : index === 1 ? 'SMS' : `List ${index + 1}`,
      created: '2026-01-15T09:00:00+00:00',
      updated: '2026-10-01T09:00:00+00:00',
      opt_in_process: index % 2 === 0 ? 'single_opt_in' : 'double_opt_in',
    }
    return numbered(account, { type: 'list', path: 'lists', letter: 'L' }, index, attributes)
  })
}

export function segmentResources(
  account: KlaviyoAccount,
): readonly { readonly id: string; readonly resource: Json }[] {
  return Array.from({ length: account.segments }, (_, index) => {
    const attributes = {
      name: `Segment ${index + 1}`,
      created: '2026-01-15T09:00:00+00:00',
      updated: '2026-10-01T09:00:00+00:00',
      definition: null,
      is_active: true,
      is_processing: false,
      is_starred: index === 0,
    }
    return numbered(account, { type: 'segment', path: 'segments', letter: 'S' }, index, attributes)
  })
}

function numbered(
  account: KlaviyoAccount,
  kind: { readonly type: string; readonly path: string; readonly letter: string },
  index: number,
  attributes: Json,
): { readonly id: string; readonly resource: Json } {
  const id = `${kind.letter}${account.id.slice(3, 5)}${String(index + 1).padStart(3, '0')}`
  const links = { self: `https://a.klaviyo.com/api/${kind.path}/${id}/` }
  return { id, resource: { type: kind.type, id, attributes, links } }
}
