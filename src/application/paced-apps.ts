import { UNNAMED_WAIT_MS } from '../domain/model/backoff.ts'
import { LATE_MS } from '../domain/model/request-budget.ts'
import { SECOND_MS } from '../domain/model/time.ts'
import type { AppPacing, SaidSuspension } from '../ports/app-pacing.ts'
import { elapsedMs } from '../ports/clock.ts'
import type { Clock, Moment } from '../ports/clock.ts'
import type { ConnectionEvents } from '../ports/connection-events.ts'
import type { Logger } from '../ports/logger.ts'
import type { AppPause, BudgetedApp, ProviderApp, ProviderApps, Suspension } from '../ports/provider-apps.ts'

export interface PacedAppsDependencies {
  readonly apps: ProviderApps
  readonly clock: Clock
  readonly logger: Logger
  readonly events: ConnectionEvents
}

/** What this process knows of a suspension, in its own monotonic time. */
interface KnownPause {
  readonly reason: AppPause['reason']
  readonly forMs: number
  readonly untilMs: number
}

/** What the store said a quarter of a second ago still holds: a suspension reaches every process within that. */
const WORD_HOLDS_MS = SECOND_MS / 4

/**
 * The pacing of all processes as one of them obeys it. What is known here already is not asked again, and what many
 * requests want to know at the same time is asked once.
 */
export class PacedApps implements AppPacing {
  readonly #deps: PacedAppsDependencies
  readonly #pauses = new Map<string, KnownPause>()
  readonly #questions = new Map<string, { readonly askedAt: number; readonly answer: Promise<void> }>()

  constructor(dependencies: PacedAppsDependencies) {
    this.#deps = dependencies
  }

  knownPause(app: ProviderApp): AppPause | undefined {
    const pause = this.#pauses.get(nameOf(app))
    if (pause === undefined) return undefined
    const forMs = pause.untilMs - this.#deps.clock.monotonicMs()
    return forMs > 0 ? { reason: pause.reason, forMs } : undefined
  }

  async pauseOf(app: ProviderApp): Promise<AppPause | undefined> {
    const known = this.knownPause(app)
    if (known !== undefined) return known
    await this.#ask(app)
    return this.knownPause(app)
  }

  async turn(app: ProviderApp, asOf: Moment, maxWaitMs: number): Promise<AppPause | undefined> {
    const known = this.knownPause(app)
    if (known !== undefined) return known
    const { requestsPerSecond } = app
    if (requestsPerSecond !== undefined) {
      const refused = await this.#waitForTurn({ ...app, requestsPerSecond }, maxWaitMs)
      if (refused !== undefined) return refused
    }
    const isOld = elapsedMs(this.#deps.clock, asOf) > WORD_HOLDS_MS
    return isOld ? this.pauseOf(app) : this.knownPause(app)
  }

  async suspend(app: ProviderApp, { reason, forMs: statedMs }: SaidSuspension): Promise<void> {
    const { provider } = app
    const forMs = statedMs ?? this.#unnamedWaitMs(app)
    const suspension = { reason, forMs }
    const isNew = this.knownPause(app) === undefined
    this.learn(app, suspension)
    if (isNew) {
      const { clock, events, logger } = this.#deps
      const level = reason === 'misconfigured' ? 'error' : 'warn'
      const message = 'Requests to a provider are suspended for the whole app'
      logger.log(level, message, { provider, reason, forMs })
      events.emit({ type: 'provider.app_suspended', at: clock.now(), provider, reason })
    }
    await this.#share(app, suspension)
  }

  /** A turn that is too far off concerns one request; the next one may find it nearer. */
  learn(app: ProviderApp, { reason, forMs }: AppPause): void {
    if (reason === 'budget') return
    const untilMs = this.#deps.clock.monotonicMs() + forMs
    const known = this.#pauses.get(nameOf(app))
    if (known === undefined || known.untilMs < untilMs)
      this.#pauses.set(nameOf(app), { reason, forMs, untilMs })
  }

  /**
   * An app with a budget asked too often by a request or two, which a second makes good; not so if it is said again right
   * after that. Who is told while a pause runs had sent before it.
   */
  #unnamedWaitMs(app: ProviderApp): number {
    const last = this.#pauses.get(nameOf(app))
    const sinceMs = last === undefined ? Infinity : this.#deps.clock.monotonicMs() - last.untilMs
    if (sinceMs < 0) return -sinceMs
    if (app.requestsPerSecond === undefined) return UNNAMED_WAIT_MS
    if (last === undefined || sinceMs >= UNNAMED_WAIT_MS) return SECOND_MS
    return Math.min(UNNAMED_WAIT_MS, Math.max(SECOND_MS, 2 * last.forMs))
  }

  /** A process that was kept from its turn takes another: to send late is to send together with whoever comes next. */
  async #waitForTurn(app: BudgetedApp, maxWaitMs: number): Promise<AppPause | undefined> {
    const { apps, clock } = this.#deps
    const latestAt = clock.monotonicMs() + maxWaitMs
    for (;;) {
      const turn = await apps.takeTurn(app, Math.max(0, latestAt - clock.monotonicMs()))
      if ('reason' in turn) {
        this.learn(app, turn)
        return turn
      }
      if (turn.waitMs === 0) return undefined
      const turnAt = clock.monotonicMs() + turn.waitMs
      await clock.delay(turn.waitMs)
      if (clock.monotonicMs() - turnAt <= LATE_MS) return undefined
    }
  }

  /** This process obeys all the same, and the connection is still to be released. */
  async #share(app: ProviderApp, suspension: Suspension): Promise<void> {
    try {
      await this.#deps.apps.suspend(app, suspension)
    } catch {
      const message = 'Other processes could not be told that a provider suspended the app'
      this.#deps.logger.log('warn', message, { provider: app.provider, reason: suspension.reason })
    }
  }

  #ask(app: ProviderApp): Promise<void> {
    const { apps, clock } = this.#deps
    const asked = this.#questions.get(nameOf(app))
    const now = clock.monotonicMs()
    if (asked !== undefined && now - asked.askedAt <= WORD_HOLDS_MS) return asked.answer
    const answer = apps.suspensionOf(app).then((pause) => {
      if (pause !== undefined) this.learn(app, pause)
    })
    this.#questions.set(nameOf(app), { askedAt: now, answer })
    return answer
  }
}

function nameOf({ provider, clientId }: ProviderApp): string {
  return `${provider} ${clientId}`
}
