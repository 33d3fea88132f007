import type { Cipher, SealContext } from '../../ports/cipher.ts'
import type { Digest } from '../../ports/digest.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ConsumedStates } from '../../ports/consumed-states.ts'
import type { RandomSource } from '../../ports/random-source.ts'
import type { StartLimiter } from '../../ports/start-limiter.ts'
import type { StateKeys } from '../../ports/state-keys.ts'
import type { StateKey, StateStore } from '../../ports/state-store.ts'
import { LimitExceededError, StateInvalidError } from '../errors.ts'
import { base64url } from '../model/bytes.ts'
import type { ProviderName } from '../model/identifiers.ts'
import { STATE_LIFETIME_MS } from '../model/pending-authorization.ts'
import type { PendingAuthorization } from '../model/pending-authorization.ts'
import { Secret } from '../model/secret.ts'
import { DAY_MS } from '../model/time.ts'
import { decodePending, encodePending } from './pending-authorization-text.ts'

export interface StateServiceDependencies {
  readonly states: StateStore
  /** Outlives a state store that is restored from an older snapshot, as a Redis can be. */
  readonly consumed: ConsumedStates
  readonly limiter: StartLimiter
  readonly cipher: Cipher
  readonly keys: StateKeys
  readonly digest: Digest
  readonly random: RandomSource
  readonly clock: Clock
}

const NONCE_BYTES = 32
/** A snapshot older than this cannot bring a state back: its ten minutes are long over. */
const BARRIER_MS = DAY_MS

/**
 * Issues and redeems states: a 256-bit nonce and its HMAC, opaque and single-use (RFC 6749 §10.12, RFC 9700 §4.2.4).
 * What a state stands for is in the store only, sealed, under the state's hash.
 */
export class StateService {
  readonly #deps: StateServiceDependencies

  constructor(dependencies: StateServiceDependencies) {
    this.#deps = dependencies
  }

  /**
   * Counting the start and remembering the state go out in the same tick: one round trip where one Redis, no Cluster, has both.
   * @throws LimitExceededError, StoreUnavailableError, CipherUnavailableError
   */
  async issue(pending: PendingAuthorization): Promise<string> {
    const { cipher, keys, limiter, random, states } = this.#deps
    const nonce = base64url(random.bytes(NONCE_BYTES))
    const state = nonce + this.#mac(await keys.signing(), pending.provider, nonce)
    const key = this.#keyOf(state)
    const sealed = await cipher.seal(new Secret(encodePending(pending)), contextOf(pending.provider, key))
    const { tenantId, initiatorHash } = pending
    const [admission] = await Promise.all([
      limiter.admit({ tenantId, initiatorHash }),
      states.remember(key, sealed, STATE_LIFETIME_MS),
    ])
    if (admission.admitted) return state
    // Nobody knows the state, and it ends by itself.
    await states.consume(key).catch(() => undefined)
    throw new LimitExceededError(this.#deps.clock.now() + admission.retryAfterMs)
  }

  /**
   * Consumes the state. A state that is unknown, expired, used, forged or another provider's is one and the same error.
   * @throws StateInvalidError, StoreUnavailableError, CipherUnavailableError, CipherKeyUnknownError, CipherValueInvalidError,
   * CipherAuthenticationFailedError
   */
  async redeem(state: string, provider: ProviderName): Promise<PendingAuthorization> {
    if (!(await this.#isAuthentic(state, provider))) throw new StateInvalidError()
    const key = this.#keyOf(state)
    const sealed = await this.#deps.states.consume(key)
    if (sealed === undefined) throw new StateInvalidError()
    const opened = await this.#deps.cipher.open(sealed, contextOf(provider, key))
    const pending = decodePending(opened.reveal())
    if (pending?.provider !== provider) throw new StateInvalidError()
    return pending
  }

  /**
   * The second barrier, durable before a code is exchanged: a state that a restored store brings back is refused.
   * @throws StateInvalidError, StoreUnavailableError
   */
  async bar(state: string): Promise<void> {
    const isFirst = await this.#deps.consumed.record(this.#keyOf(state), BARRIER_MS)
    if (!isFirst) throw new StateInvalidError()
  }

  async #isAuthentic(state: string, provider: ProviderName): Promise<boolean> {
    if (!/^[A-Za-z0-9_-]{86}$/.test(state)) return false
    const nonce = state.slice(0, 43)
    const { digest, keys } = this.#deps
    const accepted = await keys.accepted()
    const isAuthentic = accepted.keys.some((key) =>
      digest.equal(nonce + this.#mac(key, provider, nonce), state),
    )
    if (!isAuthentic && accepted.missing !== undefined) throw accepted.missing
    return isAuthentic
  }

  #mac(key: Uint8Array, provider: ProviderName, nonce: string): string {
    return this.#deps.digest.hmacSha256(key, `state:${provider}:${nonce}`)
  }

  #keyOf(state: string): StateKey {
    return this.#deps.digest.sha256(state)
  }
}

function contextOf(provider: ProviderName, stateHash: StateKey): SealContext {
  return { purpose: 'state', provider, stateHash }
}
