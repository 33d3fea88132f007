import { Ledger } from './ledger.ts'
import type { Settings } from './settings.ts'

/** What all platforms share: the time, the truth about tokens, and what a test has turned. */
export class World {
  readonly ledger: Ledger
  readonly settings: Settings
  readonly #redirectUris: readonly string[]
  #offsetMs = 0

  constructor(options: { seed: string; settings: Settings; redirectUris: readonly string[] }) {
    this.ledger = new Ledger(options.seed, () => this.now())
    this.settings = options.settings
    this.#redirectUris = options.redirectUris
  }

  /** Milliseconds since the epoch by the emulator's own clock, which tests may put forward. */
  now(): number {
    return Date.now() + this.#offsetMs
  }

  nowSeconds(): number {
    return Math.floor(this.now() / 1000)
  }

  /** How far the clock was put forward. */
  get offsetMs(): number {
    return this.#offsetMs
  }

  advance(ms: number): void {
    this.#offsetMs += ms
  }

  /** Loopback is registered for every app, whatever the port and path; anything else must be listed. */
  isRegisteredRedirect(redirectUri: string | null): redirectUri is string {
    if (redirectUri === null || !URL.canParse(redirectUri)) return false
    if (this.#redirectUris.includes(redirectUri)) return true
    const { protocol, hostname, hash } = new URL(redirectUri)
    const isLoopback = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]'
    return isLoopback && hash === '' && (protocol === 'http:' || protocol === 'https:')
  }
}
