import type { Container } from 'inversify'
import { IDS } from '../../src/application/container/identifiers.ts'
import { isIntegrationError } from '../../src/domain/errors.ts'
import { DEFAULT_LABEL, parseTenantId } from '../../src/domain/model/identifiers.ts'
import type { ConnectionKey } from '../../src/domain/model/identifiers.ts'
import type { Secret } from '../../src/domain/model/secret.ts'
import { emulatedPlatforms, emulatorKlaviyoKeys } from '../../src/emulator/index.ts'
import type { EmulatedPlatform, Emulator } from '../../src/emulator/index.ts'
import { html } from '../../src/web/page/markup.ts'
import type { Markup } from '../../src/web/page/markup.ts'
import type { DemoSession } from './tenants.ts'

export interface DemoToolsOptions {
  readonly container: Container
  readonly emulator: Emulator
  /** Moves the end of the stored access token to this many milliseconds from now. */
  readonly setRemaining: (key: ConnectionKey, remainingMs: number) => Promise<void>
}

type Tool = 'expire' | 'token' | 'revoke'

/** What the demo lets one do to a connection from outside, to watch what the library makes of it. */
export class DemoTools {
  readonly #options: DemoToolsOptions
  /** What the last tool did, until it has been shown. */
  readonly #told = new Map<string, string>()

  constructor(options: DemoToolsOptions) {
    this.#options = options
  }

  async panel(session: DemoSession): Promise<Markup> {
    const states = await this.#options.container
      .get(IDS.ConnectionStatuses)
      .all(parseTenantId(session.tenant.id))
    const rows = states
      .filter(
        ({ label, status }) => label === DEFAULT_LABEL && !['not_connected', 'disconnected'].includes(status),
      )
      .map(({ provider }) => this.#row(provider))
    const told = this.#told.get(session.id)
    this.#told.delete(session.id)
    const keys = html`Klaviyo keys that the emulator knows: <code>${emulatorKlaviyoKeys.full}</code> (25
      lists), <code>${emulatorKlaviyoKeys.many}</code> (350 lists).`
    return html`<aside class="cgk demo-tools">
      <section aria-labelledby="demo-tools">
        <h2 id="demo-tools">Demo tools</h2>
        <p class="cgk-quiet">
          A real host would not show these. They change the state of the emulated platforms, so that you can
          watch connections being renewed and reconnected. ${keys}
        </p>
        ${told === undefined ? html`` : html`<p class="cgk-notice cgk-off" role="status">${told}</p>`}
        ${
          rows.length === 0
            ? html`<p class="cgk-quiet">Connect a platform first.</p>`
            : html`<ul>
                ${rows}
              </ul>`
        }
      </section>
    </aside>`
  }

  async use(tool: string, provider: string, session: DemoSession): Promise<void> {
    const key = { tenantId: parseTenantId(session.tenant.id), provider, label: DEFAULT_LABEL }
    const work = this.#workOf(tool, key)
    this.#told.set(session.id, await work.catch(wordsFor))
  }

  #workOf(tool: string, key: ConnectionKey): Promise<string> {
    if (tool === 'expire') return this.#expire(key)
    if (tool === 'token') return this.#showToken(key)
    if (tool === 'revoke') return this.#revoke(key)
    return Promise.resolve('There is no such tool.')
  }

  #row(provider: string): Markup {
    const name = this.#nameOf(provider)
    const button = (tool: Tool, words: string): Markup =>
      html`<button class="cgk-button" name="tool" value="${tool}">
        ${words}<span class="cgk-unseen"> (${name})</span>
      </button>`
    return html`<li>
      <span>${name}</span>
      <form method="post" action="/demo/tools">
        <input type="hidden" name="provider" value="${provider}" />
        ${button('token', 'Show a token')}
        ${expires(provider) ? button('expire', 'Expire the token') : html``}
        ${button('revoke', 'Revoke at the platform')}
      </form>
    </li>`
  }

  /** Meta's tokens are exchanged while they live: past their end nothing can be done, so there they only get near it. */
  async #expire(key: ConnectionKey): Promise<string> {
    const name = this.#nameOf(key.provider)
    if (key.provider === 'meta') {
      await this.#options.setRemaining(key, 60_000)
      return `The token for ${name} now expires in a minute. Show a token, or check now: it is exchanged for a new one.`
    }
    const token = await this.#token(key)
    const { control } = this.#options.emulator
    control.expireAccessTokens(platformOf(key), this.#personOf(key, token))
    await this.#options.setRemaining(key, -60_000)
    return `The token for ${name} has expired, here and at the platform. Show a token: it is renewed first.`
  }

  async #showToken(key: ConnectionKey): Promise<string> {
    const token = await this.#token(key)
    await this.#options.container.get(IDS.ProviderRegistry).get(key.provider).verify(token)
    const tail = token.reveal().slice(-6)
    return `${this.#nameOf(key.provider)}: a token that ends in ${tail}; the platform’s API accepted it.`
  }

  async #revoke(key: ConnectionKey): Promise<string> {
    const token = await this.#token(key)
    const who = key.provider === 'klaviyo' ? token.reveal() : this.#personOf(key, token)
    this.#options.emulator.control.revokeAtPlatform(platformOf(key), who)
    return `Access was removed at ${this.#nameOf(key.provider)}. Check now: the card will ask you to reconnect.`
  }

  #token(key: ConnectionKey): Promise<Secret> {
    return this.#options.container.get(IDS.AccessTokens).get(key)
  }

  #personOf(key: ConnectionKey, token: Secret): string {
    const lineages = this.#options.emulator.control.lineages(platformOf(key))
    const lineage = lineages.find(({ liveAccessTokens }) => liveAccessTokens.includes(token.reveal()))
    return lineage?.person ?? ''
  }

  #nameOf(provider: string): string {
    return this.#options.container.get(IDS.ProviderRegistry).get(provider).traits.displayName
  }
}

function expires(provider: string): boolean {
  return provider === 'meta' || provider === 'google_ads'
}

function platformOf({ provider }: ConnectionKey): EmulatedPlatform {
  const platform = emulatedPlatforms.find((one) => one === provider)
  if (platform === undefined) throw new Error('the emulator does not play this platform')
  return platform
}

function wordsFor(error: unknown): string {
  if (isIntegrationError(error)) return `${error.code}: ${error.message}.`
  if (error instanceof Error && error.name === 'ProviderFailure')
    return 'The platform’s API refused the token.'
  throw error
}
