import { z } from 'zod'
import type { Secret } from '../../../domain/model/secret.ts'
import type { Instant } from '../../../domain/model/time.ts'
import { responseInvalid } from '../../../domain/provider-failure.ts'
import { listOf } from '../http/list-of.ts'
import type { ProviderHttp } from '../http/provider-http.ts'
import { sharingTime } from '../http/shared-time.ts'
import { dataOf } from './envelope.ts'
import type { Call } from './envelope.ts'

export interface Advertiser {
  readonly id: string
  readonly name: string | undefined
}

export interface AdvertiserInfo extends Advertiser {
  readonly status: string | undefined
  readonly currency: string | undefined
  readonly timeZone: string | undefined
}

/** How many advertisers one call may ask about. */
export const MAX_IDS = 100

const id = z.union([z.string(), z.int().transform(String)]).pipe(z.string().regex(/^\d{1,30}$/))
const text = z.string().min(1).optional().catch(undefined)
const advertisers = z.object({ list: listOf(z.object({ advertiser_id: id, advertiser_name: text })) })
const infos = z.object({
  list: listOf(z.object({ advertiser_id: id, name: text, status: text, currency: text, timezone: text })),
})

export interface BusinessApiOptions {
  readonly appId: string
  readonly appSecret: string
  /** The Business API with its version, without a slash at the end. */
  readonly base: string
  readonly http: ProviderHttp
  readonly now: () => Instant
}

/** The calls of TikTok's Business API that a connection needs. Every path ends in a slash: without it TikTok answers 404. */
export class BusinessApi {
  readonly #options: BusinessApiOptions

  constructor(options: BusinessApiOptions) {
    this.#options = options
  }

  /** For one examination, whose calls share their time. */
  forExamination(): BusinessApi {
    return new BusinessApi({ ...this.#options, http: sharingTime(this.#options.http) })
  }

  async exchangeCode(code: Secret): Promise<unknown> {
    return this.#post('/oauth2/access_token/', { auth_code: code.reveal() }, 'exchange')
  }

  async revoke(accessToken: Secret): Promise<void> {
    await this.#post('/oauth2/revoke_token/', { access_token: accessToken.reveal() }, 'api')
  }

  /** TikTok wants the app's secret in this query, and knows no other way: the URL must never be kept. */
  async authorisedAdvertisers(accessToken: Secret): Promise<readonly Advertiser[]> {
    const { appId, appSecret } = this.#options
    const query = { app_id: appId, secret: appSecret }
    const parsed = advertisers.safeParse(await this.#get('/oauth2/advertiser/get/', query, accessToken))
    if (!parsed.success) throw responseInvalid()
    return parsed.data.list.map((each) => ({ id: each.advertiser_id, name: each.advertiser_name }))
  }

  /** Arrays are JSON texts in the query. */
  async advertiserInfo(accessToken: Secret, ids: readonly string[]): Promise<readonly AdvertiserInfo[]> {
    const fields = ['advertiser_id', 'name', 'status', 'currency', 'timezone']
    const query = { advertiser_ids: JSON.stringify(ids), fields: JSON.stringify(fields) }
    const parsed = infos.safeParse(await this.#get('/advertiser/info/', query, accessToken))
    if (!parsed.success) throw responseInvalid()
    return parsed.data.list.map(({ advertiser_id, name, status, currency, timezone }) => ({
      id: advertiser_id,
      name,
      status,
      currency,
      timeZone: timezone,
    }))
  }

  async #post(path: string, members: Readonly<Record<string, string>>, call: Call): Promise<unknown> {
    const { appId, appSecret, base, http, now } = this.#options
    const answer = await http.send({
      method: 'POST',
      url: `${base}${path}`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ app_id: appId, secret: appSecret, ...members }),
    })
    return dataOf(answer, call, now())
  }

  async #get(path: string, query: Readonly<Record<string, string>>, accessToken: Secret): Promise<unknown> {
    const { base, http, now } = this.#options
    const answer = await http.send({
      method: 'GET',
      url: `${base}${path}?${new URLSearchParams(query).toString()}`,
      headers: { 'access-token': accessToken.reveal() },
    })
    return dataOf(answer, 'api', now())
  }
}
