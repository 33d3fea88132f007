import type { ProviderName } from '../domain/model/identifiers.ts'
import { MINUTE_MS, SECOND_MS } from '../domain/model/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { ConnectionEvents } from '../ports/connection-events.ts'
import type { Logger } from '../ports/logger.ts'
import type { ProviderCircuit } from '../ports/provider-circuit.ts'

interface Circuit {
  blockedUntilMs: number
  reason: 'misconfigured' | 'rate_limited'
  windowStartedAtMs: number
  ok: number
  definitive: number
  isAlarmed: boolean
}

const MISCONFIGURED_PAUSE_MS = 30 * SECOND_MS
const WINDOW_MS = 5 * MINUTE_MS
/** Fewer definitive answers than this in the window say nothing about the app as a whole. */
const FEWEST_FOR_ALARM = 50
const ALARM_SHARE = 0.6

/** The circuits of one process. One operator alarm for each opening, however many connections run into it. */
export class ProviderCircuits implements ProviderCircuit {
  readonly #circuits = new Map<ProviderName, Circuit>()
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #events: ConnectionEvents

  constructor(dependencies: {
    readonly clock: Clock
    readonly logger: Logger
    readonly events: ConnectionEvents
  }) {
    this.#clock = dependencies.clock
    this.#logger = dependencies.logger
    this.#events = dependencies.events
  }

  blocked(provider: ProviderName): ReturnType<ProviderCircuit['blocked']> {
    const circuit = this.#circuits.get(provider)
    if (circuit === undefined) return undefined
    const forMs = circuit.blockedUntilMs - this.#clock.monotonicMs()
    return forMs > 0 ? { reason: circuit.reason, forMs } : undefined
  }

  note(provider: ProviderName, outcome: Parameters<ProviderCircuit['note']>[1]): void {
    const circuit = this.#circuitOf(provider)
    if (outcome === 'ok') circuit.ok += 1
    else if (outcome === 'definitive') this.#countDefinitive(provider, circuit)
    else if (outcome === 'misconfigured') this.#block(provider, circuit, outcome, MISCONFIGURED_PAUSE_MS)
    else this.#block(provider, circuit, 'rate_limited', outcome.rateLimitedForMs)
  }

  mayCondemn(provider: ProviderName): boolean {
    return !isMassFailure(this.#circuitOf(provider))
  }

  #countDefinitive(provider: ProviderName, circuit: Circuit): void {
    circuit.definitive += 1
    if (circuit.isAlarmed || !isMassFailure(circuit)) return
    circuit.isAlarmed = true
    const { definitive, ok } = circuit
    const message = 'A provider declares most credentials dead; no connection is given up until that ends'
    this.#logger.log('error', message, { provider, definitive, ok })
    this.#emit(provider, 'mass_failure')
  }

  #block(provider: ProviderName, circuit: Circuit, reason: Circuit['reason'], forMs: number): void {
    const isNew = circuit.blockedUntilMs <= this.#clock.monotonicMs()
    circuit.blockedUntilMs = Math.max(circuit.blockedUntilMs, this.#clock.monotonicMs() + forMs)
    circuit.reason = reason
    if (!isNew) return
    const level = reason === 'misconfigured' ? 'error' : 'warn'
    this.#logger.log(level, 'Requests to a provider are suspended for the whole app', {
      provider,
      reason,
      forMs,
    })
    this.#emit(provider, reason)
  }

  #emit(provider: ProviderName, reason: string): void {
    this.#events.emit({ type: 'provider.app_suspended', at: this.#clock.now(), provider, reason })
  }

  #circuitOf(provider: ProviderName): Circuit {
    const now = this.#clock.monotonicMs()
    const known = this.#circuits.get(provider)
    if (known === undefined) {
      const fresh: Circuit = {
        blockedUntilMs: 0,
        reason: 'rate_limited',
        windowStartedAtMs: now,
        ok: 0,
        definitive: 0,
        isAlarmed: false,
      }
      this.#circuits.set(provider, fresh)
      return fresh
    }
    if (now - known.windowStartedAtMs > WINDOW_MS) {
      known.windowStartedAtMs = now
      known.ok = 0
      known.definitive = 0
      known.isAlarmed = false
    }
    return known
  }
}

function isMassFailure({ ok, definitive }: Circuit): boolean {
  return definitive >= FEWEST_FOR_ALARM && definitive / (ok + definitive) >= ALARM_SHARE
}
