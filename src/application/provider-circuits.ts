import type { ProviderName } from '../domain/model/identifiers.ts'
import { MINUTE_MS } from '../domain/model/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { ConnectionEvents } from '../ports/connection-events.ts'
import type { Logger } from '../ports/logger.ts'
import type { ProviderCircuit } from '../ports/provider-circuit.ts'

interface Outcome {
  readonly kind: 'ok' | 'definitive'
  readonly atMs: number
}

interface Circuit {
  /** The latest, oldest first. */
  readonly outcomes: Outcome[]
  /** While the alarm stands: how many renewals succeeded since it was raised. */
  okSinceAlarm: number | undefined
}

const MAX_AGO_MS = 5 * MINUTE_MS
/** More would let an hour of good answers hide a failure that has just begun. */
const MAX_OUTCOMES = 100
/** Fewer definitive answers than this say nothing about the app as a whole. */
const MIN_FOR_ALARM = 50
const ALARM_SHARE = 0.6
/** Time alone proves nothing: in an incident that lasts, few connections may be due. */
const MIN_OK_FOR_END = 20

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

  note(provider: ProviderName, kind: Outcome['kind']): void {
    const circuit = this.#circuits.get(provider) ?? { outcomes: [], okSinceAlarm: undefined }
    this.#circuits.set(provider, circuit)
    circuit.outcomes.push({ kind, atMs: this.#clock.monotonicMs() })
    if (circuit.outcomes.length > MAX_OUTCOMES) circuit.outcomes.shift()
    if (circuit.okSinceAlarm !== undefined && kind === 'ok') circuit.okSinceAlarm += 1
    // A good answer gives no alarm: it is not worth a look at all the others.
    const mayRaise = kind === 'definitive' && circuit.okSinceAlarm === undefined
    if (mayRaise && this.#isMassFailure(circuit)) this.#raise(provider, circuit)
  }

  mayCondemn(provider: ProviderName): boolean {
    const circuit = this.#circuits.get(provider)
    if (circuit?.okSinceAlarm === undefined) return true
    if (circuit.okSinceAlarm < MIN_OK_FOR_END || this.#isMassFailure(circuit)) return false
    circuit.okSinceAlarm = undefined
    return true
  }

  #isMassFailure({ outcomes }: Circuit): boolean {
    const since = this.#clock.monotonicMs() - MAX_AGO_MS
    const { ok, definitive } = counted(outcomes.filter(({ atMs }) => atMs >= since))
    return definitive >= MIN_FOR_ALARM && definitive / (ok + definitive) >= ALARM_SHARE
  }

  #raise(provider: ProviderName, circuit: Circuit): void {
    circuit.okSinceAlarm = 0
    const message = 'A provider declares most credentials dead; no connection is given up until that ends'
    this.#logger.log('error', message, { provider, ...counted(circuit.outcomes) })
    const at = this.#clock.now()
    this.#events.emit({ type: 'provider.app_suspended', at, provider, reason: 'mass_failure' })
  }
}

function counted(outcomes: readonly Outcome[]): Readonly<Record<Outcome['kind'], number>> {
  const definitive = outcomes.filter(({ kind }) => kind === 'definitive').length
  return { ok: outcomes.length - definitive, definitive }
}
