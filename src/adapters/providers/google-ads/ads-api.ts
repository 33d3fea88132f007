import { z } from 'zod'
import type { Secret } from '../../../domain/model/secret.ts'
import type { Instant } from '../../../domain/model/time.ts'
import { responseInvalid } from '../../../domain/provider-failure.ts'
import { jsonOf } from '../http/json-answer.ts'
import { listOf } from '../http/list-of.ts'
import type { HttpRequest, ProviderHttp } from '../http/provider-http.ts'
import { adsFailure } from './ads-failure.ts'
import { sharingTime } from '../http/shared-time.ts'

/** A row of `customer` or `customer_client`: what is absent was empty or false. */
export interface CustomerRow {
  readonly id: string
  readonly name: string | undefined
  readonly currency: string | undefined
  readonly timeZone: string | undefined
  readonly status: string | undefined
  readonly isManager: boolean
}

/** Five thousand accounts with long names. */
const LARGEST_RESULT_BYTES = 3 * 1024 * 1024

const FIELDS = ['id', 'descriptive_name', 'currency_code', 'time_zone', 'manager', 'status']

const text = z.string().optional().catch(undefined)
const row = z.object({
  id: z.union([z.string(), z.int().transform(String)]).pipe(z.string().regex(/^\d{1,20}$/)),
  descriptiveName: text,
  currencyCode: text,
  timeZone: text,
  status: text,
  manager: z.boolean().catch(false),
})
const accessible = z.object({ resourceNames: listOf(z.string()).default([]) })
const stream = listOf(
  z.object({
    results: listOf(z.object({ customer: row.optional(), customerClient: row.optional() })).default([]),
  }),
)

export interface AdsApiOptions {
  readonly http: ProviderHttp
  readonly now: () => Instant
  /** The Google Ads API with its version, without a slash at the end. */
  readonly base: string
  readonly developerToken: string | undefined
}

/** The three questions that Google Ads is asked. All ids in a path are digits by then. */
export class AdsApi {
  readonly #options: AdsApiOptions

  constructor(options: AdsApiOptions) {
    this.#options = options
  }

  /** For one examination, whose calls share their time. */
  forExamination(): AdsApi {
    return new AdsApi({ ...this.#options, http: sharingTime(this.#options.http) })
  }

  /** Ids of the accounts that the person reaches directly, closed ones among them. */
  async listAccessible(accessToken: Secret): Promise<readonly string[]> {
    const url = `${this.#options.base}/customers:listAccessibleCustomers`
    const answer = await this.#ask({ method: 'GET', url, headers: this.#headers(accessToken) })
    const parsed = accessible.safeParse(answer)
    if (!parsed.success) throw responseInvalid()
    return parsed.data.resourceNames.flatMap((name) => /^customers\/(\d{1,20})$/.exec(name)?.[1] ?? [])
  }

  async customer(accessToken: Secret, id: string): Promise<CustomerRow | undefined> {
    const query = `SELECT ${fieldsOf('customer')} FROM customer LIMIT 1`
    return (await this.#search(accessToken, { id, query }))[0]
  }

  /** Every account below the manager, however deep, itself included. */
  async clients(accessToken: Secret, managerId: string, most: number): Promise<readonly CustomerRow[]> {
    const query = `SELECT ${fieldsOf('customer_client')} FROM customer_client LIMIT ${most}`
    return this.#search(accessToken, { id: managerId, query, loginCustomerId: managerId })
  }

  async #search(
    accessToken: Secret,
    { id, query, loginCustomerId }: { id: string; query: string; loginCustomerId?: string },
  ): Promise<readonly CustomerRow[]> {
    const answer = await this.#ask({
      method: 'POST',
      url: `${this.#options.base}/customers/${id}/googleAds:searchStream`,
      headers: {
        ...this.#headers(accessToken),
        'content-type': 'application/json',
        ...(loginCustomerId === undefined ? {} : { 'login-customer-id': loginCustomerId }),
      },
      body: JSON.stringify({ query }),
      maxBodyBytes: LARGEST_RESULT_BYTES,
    })
    const parsed = stream.safeParse(answer)
    if (!parsed.success) throw responseInvalid()
    return parsed.data
      .flatMap(({ results }) => results)
      .flatMap(({ customer, customerClient }) => customer ?? customerClient ?? [])
      .map(toCustomerRow)
  }

  async #ask(request: HttpRequest): Promise<unknown> {
    const answer = await this.#options.http.send(request)
    if (answer.status !== 200) throw adsFailure(answer, this.#options.now())
    return jsonOf(answer)
  }

  /** Since September 2026 the developer token is optional and ignored; a later version will refuse it. */
  #headers(accessToken: Secret): Record<string, string> {
    const { developerToken } = this.#options
    return {
      authorization: `Bearer ${accessToken.reveal()}`,
      ...(developerToken === undefined ? {} : { 'developer-token': developerToken }),
    }
  }
}

function fieldsOf(resource: 'customer' | 'customer_client'): string {
  return FIELDS.map((field) => `${resource}.${field}`).join(', ')
}

function toCustomerRow(wire: z.output<typeof row>): CustomerRow {
  return {
    id: wire.id,
    name: wire.descriptiveName,
    currency: wire.currencyCode,
    timeZone: wire.timeZone,
    status: wire.status,
    isManager: wire.manager,
  }
}
