import { createHmac } from 'node:crypto'
import type { EmulatedPlatform } from './platform.ts'

/** Why a grant ended. The platforms answer differently for each. */
export type EndReason =
  'app_removed' | 'password_changed' | 'checkpoint' | 'revoked' | 'reuse' | 'crowded_out'

/** Tokens that one answer carried. */
export interface Issue {
  readonly at: number
  readonly access: string
  readonly refresh?: string
  /** `sent`: the last byte left the emulator; `cut`: the connection ended before that. */
  outcome: 'pending' | 'sent' | 'cut'
}

/** A spent refresh token that was presented once more. */
export interface Reuse {
  readonly at: number
  readonly token: string
  readonly withinGrace: boolean
}

/** Everything that grew out of one consent. */
export interface Lineage {
  readonly id: string
  readonly platform: EmulatedPlatform
  readonly clientId: string
  readonly person: string
  readonly scopes: readonly string[]
  readonly startedAt: number
  ended?: { readonly at: number; readonly reason: EndReason }
  tokenCalls: number
  inFlight: number
  inFlightMax: number
  readonly reuses: Reuse[]
  readonly issues: Issue[]
  readonly tokens: TokenRecord[]
}

export interface TokenRecord {
  readonly value: string
  readonly kind: 'access' | 'refresh'
  readonly lineage: Lineage
  readonly issuedAt: number
  expiresAt: number | null
  state: 'live' | 'spent' | 'revoked'
  /** A spent token is still honoured until then. */
  graceUntil?: number
  /** The refresh token that was given for this one. */
  readonly parent?: TokenRecord
  readonly isLongLived: boolean
}

/** An authorization code that has been handed to a browser. */
export interface CodeDetails {
  readonly platform: EmulatedPlatform
  readonly clientId: string
  readonly person: string
  readonly redirectUri: string
  readonly scopes: readonly string[]
  readonly codeChallenge?: string | undefined
  readonly codeChallengeMethod?: string | undefined
  readonly isOffline?: boolean
  readonly nonce?: string | undefined
}

interface CodeRecord extends CodeDetails {
  readonly expiresAt: number
  lineage?: Lineage
}

export type CodeLookup =
  | { readonly outcome: 'valid'; readonly details: CodeDetails; readonly use: (lineage: Lineage) => void }
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'expired' }
  | { readonly outcome: 'used'; readonly lineage: Lineage }

export interface TokenWish {
  readonly value: string
  readonly seconds: number | null
  readonly isLongLived?: boolean
}

/** The truth about every code and token that the emulator has handed out. Memory only. */
export class Ledger {
  readonly #seed: string
  readonly #now: () => number
  readonly #codes = new Map<string, CodeRecord>()
  readonly #tokens = new Map<string, TokenRecord>()
  readonly #lineages: Lineage[] = []
  #minted = 0

  constructor(seed: string, now: () => number) {
    this.#seed = seed
    this.#now = now
  }

  /** A value never given out before; the same sequence for the same seed. */
  mint(prefix: string, length: number, encoding: 'base64url' | 'hex' = 'base64url'): string {
    this.#minted += 1
    const digest = createHmac('sha512', this.#seed).update(`${prefix}:${this.#minted}`)
    return `${prefix}${digest.digest(encoding).slice(0, length)}`
  }

  rememberCode(code: string, details: CodeDetails, seconds: number): string {
    this.#codes.set(`${details.platform} ${code}`, { ...details, expiresAt: this.#now() + seconds * 1000 })
    return code
  }

  findCode(platform: EmulatedPlatform, code: string): CodeLookup {
    const record = this.#codes.get(`${platform} ${code}`)
    if (!record) return { outcome: 'unknown' }
    if (record.lineage) return { outcome: 'used', lineage: record.lineage }
    if (this.#now() >= record.expiresAt) return { outcome: 'expired' }
    return {
      outcome: 'valid',
      details: record,
      use: (lineage) => {
        record.lineage = lineage
      },
    }
  }

  open(details: Pick<CodeDetails, 'platform' | 'clientId' | 'person' | 'scopes'>): Lineage {
    const id = `${details.platform}-${this.#lineages.length + 1}`
    const { platform, clientId, person, scopes } = details
    return this.restore({ id, platform, clientId, person, scopes, startedAt: this.#now() })
  }

  issue(
    lineage: Lineage,
    wish: { access: TokenWish; refresh?: TokenWish | undefined; parent?: TokenRecord },
  ): Issue {
    this.#record(lineage, 'access', wish.access, wish.parent)
    if (wish.refresh) this.#record(lineage, 'refresh', wish.refresh, wish.parent)
    const issue: Issue = {
      at: this.#now(),
      access: wish.access.value,
      ...(wish.refresh ? { refresh: wish.refresh.value } : {}),
      outcome: 'pending',
    }
    lineage.issues.push(issue)
    return issue
  }

  find(platform: EmulatedPlatform, value: string): TokenRecord | undefined {
    return this.#tokens.get(`${platform} ${value}`)
  }

  isHonoured(token: TokenRecord): boolean {
    if (token.lineage.ended || token.state === 'revoked' || this.isExpired(token)) return false
    return token.state === 'live' || (token.graceUntil !== undefined && this.#now() < token.graceUntil)
  }

  isExpired(token: TokenRecord): boolean {
    return token.expiresAt !== null && this.#now() >= token.expiresAt
  }

  /** Using what a refresh gave ends the grace of the refresh token that was spent for it. */
  noteUse(token: TokenRecord): void {
    if (token.parent?.state === 'spent') delete token.parent.graceUntil
  }

  end(lineage: Lineage, reason: EndReason): void {
    lineage.ended ??= { at: this.#now(), reason }
  }

  lineages(platform?: EmulatedPlatform, person?: string): readonly Lineage[] {
    return this.#lineages.filter(
      (lineage) =>
        (platform === undefined || lineage.platform === platform) &&
        (person === undefined || lineage.person === person),
    )
  }

  /** Takes in a grant as another process knew it. */
  restore(kept: Pick<Lineage, 'id' | 'platform' | 'clientId' | 'person' | 'scopes' | 'startedAt'>): Lineage {
    const lineage: Lineage = {
      ...kept,
      tokenCalls: 0,
      inFlight: 0,
      inFlightMax: 0,
      reuses: [],
      issues: [],
      tokens: [],
    }
    this.#lineages.push(lineage)
    return lineage
  }

  keep(token: TokenRecord): void {
    token.lineage.tokens.push(token)
    this.#tokens.set(`${token.lineage.platform} ${token.value}`, token)
  }

  #record(
    lineage: Lineage,
    kind: 'access' | 'refresh',
    wish: TokenWish,
    parent: TokenRecord | undefined,
  ): void {
    const token: TokenRecord = {
      value: wish.value,
      kind,
      lineage,
      issuedAt: this.#now(),
      expiresAt: wish.seconds === null ? null : this.#now() + wish.seconds * 1000,
      state: 'live',
      isLongLived: wish.isLongLived ?? false,
      ...(parent ? { parent } : {}),
    }
    this.keep(token)
  }
}
