import { base64url } from '../domain/model/bytes.ts'
import type { RandomSource } from '../ports/random-source.ts'
import { cookiesOf, hostCookie } from './cookies.ts'
import type { Principal } from './handler-options.ts'
import { Refusal } from './refusal.ts'
import type { Submission } from './submission.ts'
import type { WebKeys } from './web-keys.ts'

const COOKIE = '__Host-cgk_form'
const COOKIE_SECONDS = 12 * 60 * 60
const NONCE = /^[A-Za-z0-9_-]{32}$/

/** A token for forms, with the cookie to set if the browser has none yet. */
export interface FormToken {
  readonly token: string
  readonly cookies: readonly string[]
}

/**
 * Accepts only requests that a page of this site sends in this session. It asks for two independent proofs: what the
 * browser says about the request's origin, and a token that is the MAC of a cookie's nonce and the principal. So neither a
 * planted cookie nor another user's token helps an attacker.
 */
export class SameSiteGuard {
  readonly #origin: string
  readonly #keys: WebKeys
  readonly #random: RandomSource

  constructor(options: { readonly origin: string; readonly keys: WebKeys; readonly random: RandomSource }) {
    this.#origin = options.origin
    this.#keys = options.keys
    this.#random = options.random
  }

  async issue(request: Request, principal: Principal): Promise<FormToken> {
    const kept = nonceOf(request)
    const nonce = kept ?? base64url(this.#random.bytes(24))
    const token = await this.#keys.sign('form', partsOf(principal, nonce))
    return { token, cookies: kept === undefined ? [hostCookie(COOKIE, nonce, COOKIE_SECONDS)] : [] }
  }

  /** @throws Refusal */
  async check(request: Request, principal: Principal, submission: Submission): Promise<void> {
    if (!this.#isFromHere(request)) throw new Refusal('cross_site_refused')
    const nonce = nonceOf(request)
    const token = request.headers.get('x-csrf-token') ?? submission.optional('csrfToken')
    const isOurs =
      nonce !== undefined &&
      token !== undefined &&
      (await this.#keys.isSigned('form', partsOf(principal, nonce), token))
    if (!isOurs) throw new Refusal('cross_site_refused')
  }

  /** Every browser sends one of the two headers with a POST; each that is sent must name exactly this origin. */
  #isFromHere(request: Request): boolean {
    const origin = request.headers.get('origin')
    const site = request.headers.get('sec-fetch-site')
    if (origin === null && site === null) return false
    return (origin === null || origin === this.#origin) && (site === null || site === 'same-origin')
  }
}

function nonceOf(request: Request): string | undefined {
  const nonce = cookiesOf(request).get(COOKIE)
  return nonce !== undefined && NONCE.test(nonce) ? nonce : undefined
}

function partsOf(principal: Principal, nonce: string): readonly (string | null)[] {
  return [principal.tenantId, principal.userId, principal.sessionId ?? null, nonce]
}
