import { Secret } from '../../../src/domain/model/secret.ts'
import type { RotationClass } from '../../../src/domain/model/rotation.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../src/domain/model/time.ts'
import type { TokenSet } from '../../../src/domain/model/token-set.ts'
import { ProviderFailure } from '../../../src/domain/provider-failure.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type {
  AuthorizationTraits,
  Examination,
  OAuthProviderClient,
  ProviderTraits,
} from '../../../src/ports/provider-client.ts'

/** What the provider really does with a used refresh token. */
export type Mode = 'none' | 'grace' | 'single_use' | 'revoking'

export const GRACE_MS = 30_000

const CLASS_OF: Readonly<Record<Mode, RotationClass>> = {
  none: { kind: 'none' },
  grace: { kind: 'grace', graceMs: GRACE_MS },
  single_use: { kind: 'single_use' },
  revoking: { kind: 'single_use_revoking' },
}

/** What becomes of one request; `act` is the provider doing what it was asked. */
export type Plan = (act: () => TokenSet) => Promise<TokenSet>

interface RefreshRecord {
  readonly lineage: Lineage
  readonly parent: string | undefined
  isUsed: boolean
  graceUntil: number | undefined
}

export interface Lineage {
  readonly id: number
  isEnded: boolean
  /** Spent refresh tokens that were presented again after their grace. */
  reuses: number
  readonly accessTokens: Set<string>
  readonly presented: string[]
}

export interface ModelProviderOptions {
  readonly mode: Mode
  readonly clock: Clock
  readonly traits?: Partial<ProviderTraits>
  readonly requestsPerSecond?: number | undefined
}

/** A provider whose truth can be asked: a counterpart in memory, with as many lineages as there were consents. */
export class ModelProvider implements OAuthProviderClient {
  readonly traits: ProviderTraits
  readonly authorization: AuthorizationTraits
  lifetimeMs: number | null = HOUR_MS
  /** What the next answer says of its refresh token. */
  refreshTokenInAnswer: 'rotated' | 'omitted' | 'same' = 'rotated'
  calls = 0
  verifications = 0
  inFlight = 0
  inFlightMax = 0
  /** What a consent grants. */
  scopes: readonly string[] = []
  readonly revoked: string[] = []
  readonly lineages: Lineage[] = []
  readonly #mode: Mode
  readonly #clock: Clock
  readonly #records = new Map<string, RefreshRecord>()
  readonly #plans: Plan[] = []
  #minted = 0

  constructor({ mode, clock, traits, requestsPerSecond }: ModelProviderOptions) {
    this.#mode = mode
    this.#clock = clock
    this.authorization = {
      clientId: 'client-1',
      requestsPerSecond,
      redirectUri: `https://host.example/${traits?.provider ?? 'standard'}/callback`,
      scopes: [],
      pkce: { method: 'S256' },
      codeParameters: ['code'],
    }
    this.traits = {
      provider: 'standard',
      displayName: 'Standard',
      issuer: 'https://standard.example',
      rotation: CLASS_OF[mode],
      renewal: 'refresh_token',
      marginMs: 5 * MINUTE_MS,
      windowMs: 20 * MINUTE_MS,
      renewAtMostEveryMs: 0,
      verifyEveryMs: DAY_MS,
      revocation: 'token',
      hasAccounts: false,
      ...traits,
    }
  }

  /** What the next request meets, in order; without a plan the provider simply answers. */
  plan(...plans: readonly Plan[]): void {
    this.#plans.push(...plans)
  }

  forgetPlans(): void {
    this.#plans.length = 0
  }

  /** A new consent. */
  open(): TokenSet {
    const lineage: Lineage = {
      id: this.lineages.length + 1,
      isEnded: false,
      reuses: 0,
      accessTokens: new Set(),
      presented: [],
    }
    this.lineages.push(lineage)
    return this.#issue(lineage, undefined, true)
  }

  /** The person removes the app. */
  endAll(): void {
    for (const lineage of this.lineages) lineage.isEnded = true
  }

  acceptsRefresh(token: string): boolean {
    const record = this.#records.get(token)
    if (record === undefined || record.lineage.isEnded) return false
    return (
      !record.isUsed || (record.graceUntil !== undefined && this.#clock.monotonicMs() < record.graceUntil)
    )
  }

  acceptsAccess(token: string): boolean {
    return this.lineages.some((lineage) => !lineage.isEnded && lineage.accessTokens.has(token))
  }

  lineageOf(token: string): Lineage | undefined {
    return this.#records.get(token)?.lineage
  }

  async refresh(tokens: {
    readonly accessToken?: Secret | undefined
    readonly refreshToken?: Secret | undefined
  }): Promise<TokenSet> {
    this.calls += 1
    this.inFlight += 1
    this.inFlightMax = Math.max(this.inFlightMax, this.inFlight)
    const plan: Plan = this.#plans.shift() ?? (async (act) => act())
    try {
      return await plan(() => this.#renew(tokens))
    } finally {
      this.inFlight -= 1
    }
  }

  async verify(accessToken: Secret): Promise<void> {
    this.verifications += 1
    const plan = this.#plans.shift()
    await plan?.(() => this.open())
    if (!this.acceptsAccess(accessToken.reveal())) throw refusal('invalid_token')
  }

  async revoke(credential: {
    readonly accessToken?: Secret | undefined
    readonly refreshToken?: Secret | undefined
  }): Promise<void> {
    const token = credential.refreshToken?.reveal() ?? ''
    this.revoked.push(token)
    const lineage = this.lineageOf(token)
    if (lineage !== undefined) lineage.isEnded = true
  }

  authorizationUrl(): string {
    return 'https://standard.example/authorize'
  }

  async exchangeCode(): Promise<TokenSet> {
    return this.open()
  }

  async examine(): Promise<Examination> {
    return { grantedScopes: this.scopes, missingScopes: [], accounts: [] }
  }

  #renew(tokens: {
    readonly accessToken?: Secret | undefined
    readonly refreshToken?: Secret | undefined
  }): TokenSet {
    const { accessToken, refreshToken } = tokens
    if (accessToken === undefined) return this.#spend(refreshToken?.reveal() ?? '')
    const lineage = this.lineages.find((each) => each.accessTokens.has(accessToken.reveal()))
    if (lineage === undefined || lineage.isEnded) throw refusal('invalid_token')
    return this.#issue(lineage, undefined, false)
  }

  #spend(token: string): TokenSet {
    const record = this.#records.get(token)
    record?.lineage.presented.push(token)
    if (record === undefined) throw refusal('invalid_grant')
    if (!this.acceptsRefresh(token)) {
      if (record.isUsed) record.lineage.reuses += 1
      if (record.isUsed && this.#mode === 'revoking') record.lineage.isEnded = true
      throw refusal('invalid_grant')
    }
    const parent = record.parent === undefined ? undefined : this.#records.get(record.parent)
    if (parent !== undefined) parent.graceUntil = undefined
    if (this.#mode === 'none') return this.#issue(record.lineage, token, false)
    if (!record.isUsed && this.#mode === 'grace') record.graceUntil = this.#clock.monotonicMs() + GRACE_MS
    record.isUsed = true
    return this.#issue(record.lineage, token, true)
  }

  #issue(lineage: Lineage, parent: string | undefined, isRotated: boolean): TokenSet {
    this.#minted += 1
    const accessToken = `access-${lineage.id}-${this.#minted}`
    const refreshToken = `refresh-${lineage.id}-${this.#minted}`
    lineage.accessTokens.add(accessToken)
    const tokens = {
      accessToken: new Secret(accessToken),
      expiresInMs: this.lifetimeMs,
      refreshExpiresInMs: null,
    }
    if (!isRotated) {
      return this.refreshTokenInAnswer === 'same'
        ? { ...tokens, refreshToken: new Secret(parent ?? '') }
        : tokens
    }
    this.#records.set(refreshToken, { lineage, parent, isUsed: false, graceUntil: undefined })
    return { ...tokens, refreshToken: new Secret(refreshToken) }
  }
}

/** The same provider as another app of the host's speaks to it. */
export function ofClient(provider: ModelProvider, clientId: string): OAuthProviderClient {
  return {
    traits: provider.traits,
    authorization: { ...provider.authorization, clientId },
    authorizationUrl: () => provider.authorizationUrl(),
    examine: () => provider.examine(),
    verify: (token) => provider.verify(token),
    revoke: (credential) => provider.revoke(credential),
    exchangeCode: () => provider.exchangeCode(),
    refresh: (presented) => provider.refresh(presented),
  }
}

export function refusal(providerCode: string): ProviderFailure {
  return new ProviderFailure({ kind: 'reauthorize', delivery: 'answered', providerCode })
}

/** The provider acted, and its answer went missing. */
export const loseAnswer: Plan = async (act) => {
  act()
  throw new ProviderFailure({ kind: 'transient', delivery: 'uncertain', providerCode: 'connection_lost' })
}

/** The request never left. */
export const notSent: Plan = async () => {
  throw new ProviderFailure({ kind: 'transient', delivery: 'not_sent', providerCode: 'ECONNREFUSED' })
}

export function failWith(facts: ConstructorParameters<typeof ProviderFailure>[0]): Plan {
  return async () => {
    throw new ProviderFailure(facts)
  }
}

/** A request whose answer waits for `release` to be called, after the provider has acted. */
export function heldAnswer(): {
  readonly plan: Plan
  readonly release: () => void
  readonly sent: Promise<void>
} {
  let release: () => void = () => undefined
  let isSent: () => void = () => undefined
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const sent = new Promise<void>((resolve) => {
    isSent = resolve
  })
  const plan: Plan = async (act) => {
    const tokens = act()
    isSent()
    await gate
    return tokens
  }
  return { plan, release, sent }
}
