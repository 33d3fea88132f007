import type { ProviderName } from '../domain/model/identifiers.ts'
import { MINUTE_MS } from '../domain/model/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { ConnectionEvents } from '../ports/connection-events.ts'
import type { Logger } from '../ports/logger.ts'
import type { ProviderCircuit } from '../ports/provider-circuit.ts'

interface Circuit {
  windowStartedAtMs: number
  ok: number
  definitive: number
  isAlarmed: boolean
}

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

  note(provider: ProviderName, outcome: 'ok' | 'definitive'): void {
    const circuit = this.#circuitOf(provider)
    circuit[outcome] += 1
    if (circuit.isAlarmed || !isMassFailure(circuit)) return
    circuit.isAlarmed = true
    const { definitive, ok } = circuit
    const message = 'A provider declares most credentials dead; no connection is given up until that ends'
    this.#logger.log('error', message, { provider, definitive, ok })
    const at = this.#clock.now()
    this.#events.emit({ type: 'provider.app_suspended', at, provider, reason: 'mass_failure' })
  }

  mayCondemn(provider: ProviderName): boolean {
    return !isMassFailure(this.#circuitOf(provider))
  }

  #circuitOf(provider: ProviderName): Circuit {
    const now = this.#clock.monotonicMs()
    const known = this.#circuits.get(provider)
    if (known !== undefined && now - known.windowStartedAtMs <= WINDOW_MS) return known
    const fresh: Circuit = { windowStartedAtMs: now, ok: 0, definitive: 0, isAlarmed: false }
    this.#circuits.set(provider, fresh)
    return fresh
  }
}

function isMassFailure({ ok, definitive }: Circuit): boolean {
  return definitive >= FEWEST_FOR_ALARM && definitive / (ok + definitive) >= ALARM_SHARE
}
