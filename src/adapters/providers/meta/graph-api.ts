import { createHmac } from 'node:crypto'
import type { Secret } from '../../../domain/model/secret.ts'
import type { Instant } from '../../../domain/model/time.ts'
import { statusFailure } from '../http/failures.ts'
import { jsonOf } from '../http/json-answer.ts'
import type { HttpAnswer, HttpRequest, ProviderHttp } from '../http/provider-http.ts'
import { sharingTime } from '../http/shared-time.ts'
import { graphErrorIn, graphFailure } from './graph-failure.ts'
import type { Presented } from './graph-failure.ts'

export interface GraphApiOptions {
  readonly http: ProviderHttp
  /** `https://graph.facebook.com/v26.0`, without a slash at the end. */
  readonly base: string
  readonly appId: string
  readonly appSecret: string
  readonly now: () => Instant
}

type Parameters = Readonly<Record<string, string>>

/** Graph as this app sees it. Every method rejects with ProviderFailure and sends once. */
export class GraphApi {
  readonly #options: GraphApiOptions

  constructor(options: GraphApiOptions) {
    this.#options = options
  }

  /** For one examination, whose calls share their time. */
  forExamination(): GraphApi {
    return new GraphApi({ ...this.#options, http: sharingTime(this.#options.http) })
  }

  /** The token endpoint; the app's secret goes in the body, which no access log keeps. */
  async token(parameters: Parameters, presented: Presented): Promise<unknown> {
    const { appId, appSecret } = this.#options
    const form = new URLSearchParams({ client_id: appId, client_secret: appSecret, ...parameters })
    return this.#send(
      {
        method: 'POST',
        url: this.#url('oauth/access_token', {}),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: form.toString(),
      },
      presented,
    ).then(({ body }) => body)
  }

  /** A call on behalf of the token's holder, proved to come from this app. */
  async asHolder(
    method: 'GET' | 'DELETE',
    node: string,
    call: { readonly accessToken: Secret; readonly parameters?: Parameters },
  ): Promise<unknown> {
    const token = call.accessToken.reveal()
    const proof = createHmac('sha256', this.#options.appSecret).update(token).digest('hex')
    const url = this.#url(node, { ...call.parameters, appsecret_proof: proof })
    const { body } = await this.#send(
      { method, url, headers: { authorization: `Bearer ${token}` } },
      'access_token',
    )
    return body
  }

  /**
   * A call with the app's own token. The answer comes along: its `Date` is the platform's idea of now.
   */
  async asApp(
    node: string,
    { parameters, hardTimeoutMs }: { readonly parameters: Parameters; readonly hardTimeoutMs: number },
  ): Promise<{ body: unknown; answer: HttpAnswer }> {
    const { appId, appSecret } = this.#options
    const headers = { authorization: `Bearer ${appId}|${appSecret}` }
    return this.#send(
      { method: 'GET', url: this.#url(node, parameters), headers, hardTimeoutMs },
      'app_token',
    )
  }

  #url(node: string, parameters: Parameters): string {
    const query = new URLSearchParams(parameters).toString()
    return `${this.#options.base}/${node}${query === '' ? '' : `?${query}`}`
  }

  async #send(
    request: HttpRequest,
    presented: Presented,
  ): Promise<{ readonly body: unknown; readonly answer: HttpAnswer }> {
    const answer = await this.#options.http.send(request)
    const now = this.#options.now()
    const isSuccess = answer.status < 300
    const body = isSuccess ? jsonOf(answer) : errorBodyOf(answer)
    const error = graphErrorIn(body)
    if (error !== undefined) throw graphFailure(error, { presented, answer, now })
    if (!isSuccess) throw statusFailure(answer, now)
    return { body, answer }
  }
}

/** An error page that is no JSON is judged by its status. */
function errorBodyOf(answer: HttpAnswer): unknown {
  try {
    return jsonOf(answer)
  } catch {
    return undefined
  }
}
