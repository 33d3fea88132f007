import { z } from 'zod'
import { ConfigInvalidError } from '../../../domain/errors.ts'
import { cleanText } from '../../../domain/model/ad-account.ts'
import type { AdAccount } from '../../../domain/model/ad-account.ts'
import type { Secret } from '../../../domain/model/secret.ts'
import { DAY_MS } from '../../../domain/model/time.ts'
import type { Instant } from '../../../domain/model/time.ts'
import { ProviderFailure, responseInvalid } from '../../../domain/provider-failure.ts'
import type { Examination, ProviderClient, ProviderTraits } from '../../../ports/provider-client.ts'
import { baseOf, endpointProblems } from '../http/endpoint.ts'
import { listOf } from '../http/list-of.ts'
import type { ProviderHttp } from '../http/provider-http.ts'
import { allAudiences } from './audiences.ts'
import { KlaviyoApi } from './klaviyo-api.ts'

export interface KlaviyoEndpoints {
  readonly api: string
}

/** How Klaviyo is reached; the keys are the tenants’ own. */
export interface KlaviyoClientOptions {
  readonly http: ProviderHttp
  /** In place of Klaviyo's own. */
  readonly endpoints?: KlaviyoEndpoints | undefined
  /** Let endpoints be plain HTTP on this machine: for tests and the emulator. */
  readonly allowLoopbackHttp?: boolean | undefined
  /** Wall clock, against which an HTTP date in Retry-After is read. */
  readonly now?: (() => Instant) | undefined
}

const ENDPOINTS: KlaviyoEndpoints = { api: 'https://a.klaviyo.com/api' }

/** @throws ConfigInvalidError naming every problem */
export function klaviyoClient(options: KlaviyoClientOptions): ProviderClient {
  const { http, allowLoopbackHttp, endpoints = ENDPOINTS, now = Date.now } = options
  const problems = endpointProblems({ 'endpoints.api': endpoints.api }, { allowLoopbackHttp })
  if (problems.length > 0) throw new ConfigInvalidError(problems)
  return new KlaviyoClient(new KlaviyoApi({ http, base: baseOf(endpoints.api), now }))
}

/** Klaviyo by a private API key: it never ends by itself, cannot be renewed, and only its owner can delete it. */
class KlaviyoClient implements ProviderClient {
  readonly traits: ProviderTraits = {
    provider: 'klaviyo',
    displayName: 'Klaviyo',
    issuer: 'https://www.klaviyo.com',
    rotation: { kind: 'none' },
    renewal: 'none',
    marginMs: 0,
    windowMs: 0,
    renewAtMostEveryMs: 0,
    verifyEveryMs: DAY_MS,
    revocation: 'none',
    hasAccounts: false,
  }
  readonly #api: KlaviyoApi

  constructor(api: KlaviyoApi) {
    this.#api = api
  }

  /** Segments are welcome but not needed: a key that may not read them still connects. */
  async examine(apiKey: Secret): Promise<Examination> {
    const api = this.#api.forExamination()
    const [account, lists, segments] = await Promise.all([
      ifPermitted(accountOf(api, apiKey)),
      ifPermitted(allAudiences(api, 'lists', apiKey)),
      ifPermitted(allAudiences(api, 'segments', apiKey)),
    ])
    const scopes = { 'accounts:read': account, 'lists:read': lists, 'segments:read': segments }
    const grantedScopes = Object.entries(scopes).flatMap(([scope, found]) =>
      found === undefined ? [] : [scope],
    )
    const missingScopes = ['accounts:read', 'lists:read'].filter((scope) => !grantedScopes.includes(scope))
    const found = { grantedScopes, missingScopes, audiences: [...(lists ?? []), ...(segments ?? [])] }
    if (account === undefined) return { ...found, accounts: [], tokenKind: 'api_key' }
    const { publicApiKey, ...adAccount } = account
    const { id, name } = adAccount
    return {
      ...found,
      accounts: [adAccount],
      publicApiKey,
      tokenKind: 'api_key',
      subject: { issuer: this.traits.issuer, id, ...(name === undefined ? {} : { name }) },
    }
  }

  /** Asks for both that a connection needs: a living key whose scope is gone is refused with 403. */
  async verify(apiKey: Secret): Promise<void> {
    await accountOf(this.#api, apiKey)
    await this.#api.get('lists', apiKey, { 'page[size]': '1' })
  }

  /** There is no such call: a key is deleted by hand, in Klaviyo's settings. */
  async revoke(): Promise<void> {}
}

interface KlaviyoAccount extends AdAccount {
  readonly publicApiKey: string
}

const optionalText = z.string().optional().catch(undefined)
const accounts = z.object({
  data: listOf(
    z.object({
      id: z.string().regex(/^[\x21-\x7e]{1,64}$/),
      attributes: z.object({
        public_api_key: z.string().regex(/^[\x21-\x7e]{1,64}$/),
        contact_information: z
          .object({ organization_name: optionalText, default_sender_name: optionalText })
          .default({})
          .catch({}),
        timezone: optionalText,
        preferred_currency: optionalText,
      }),
    }),
  ),
})

async function accountOf(api: KlaviyoApi, apiKey: Secret): Promise<KlaviyoAccount> {
  const parsed = accounts.safeParse(await api.get('accounts', apiKey))
  const [account] = parsed.success ? parsed.data.data : []
  if (account === undefined) throw responseInvalid()
  return toAccount(account)
}

function toAccount({ id, attributes }: z.output<typeof accounts>['data'][number]): KlaviyoAccount {
  const { organization_name: organization, default_sender_name: sender } = attributes.contact_information
  const name = cleanText(organization ?? '') || cleanText(sender ?? '')
  const currency = cleanText(attributes.preferred_currency ?? '')
  const timeZone = cleanText(attributes.timezone ?? '')
  return {
    id,
    publicApiKey: attributes.public_api_key,
    isUsable: true,
    ...(name === '' ? {} : { name }),
    ...(currency === '' ? {} : { currency }),
    ...(timeZone === '' ? {} : { timeZone }),
  }
}

/** Nothing where the key lives but lacks the scope: 403 is no dead key. */
async function ifPermitted<T>(question: Promise<T>): Promise<T | undefined> {
  try {
    return await question
  } catch (error) {
    if (error instanceof ProviderFailure && error.kind === 'permission') return undefined
    throw error
  }
}
