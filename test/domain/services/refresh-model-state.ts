/** Clauses of the protocol that the model can do without, to show what each of them is for. */
export interface Clauses {
  /** A result is stored only over the version that it was made from. */
  readonly versionPredicate: boolean
  /** A lease is ended by its own epoch only. */
  readonly ownedRelease: boolean
  /** A late result of the same grant brings a connection back from `needs_reauth`. */
  readonly heal: boolean
  /** After a pause nothing is sent; the attempt starts over. */
  readonly deadlineCheck: boolean
  /** Whoever stops waiting still listens. */
  readonly keepListening: boolean
  /** A result that was superseded is kept and tried. */
  readonly candidates: boolean
  /** Nothing is given up over a candidate that came after the claim. */
  readonly freshVerdict: boolean
  /** A lease whose owner fell silent makes the next refusal a suspicion, not a verdict. */
  readonly uncertainTakeover: boolean
  /** What a store refused is offered again. */
  readonly storeRetry: boolean
}

export const EVERY_CLAUSE: Clauses = {
  versionPredicate: true,
  ownedRelease: true,
  heal: true,
  deadlineCheck: true,
  keepListening: true,
  candidates: true,
  freshVerdict: true,
  uncertainTakeover: true,
  storeRetry: true,
}

/** `newest`: a grace within which another answer kills the successor that was given before. */
export type ModelMode = 'none' | 'newest' | 'single_use' | 'revoking'

export interface Scenario {
  readonly mode: ModelMode
  /** How often each misfortune may happen. */
  readonly faults: Readonly<Record<Fault, number>>
  /** Where a process may be paused for longer than its lease. */
  readonly pausedIn: readonly Phase[]
}

export type Fault = 'pause' | 'crash' | 'lose' | 'storeFails' | 'ackLost'
export type Phase = 'idle' | 'claimed' | 'sent' | 'answered' | 'got' | 'refused'

export interface Worker {
  phase: Phase
  attempts: number
  isAlive: boolean
  isPaused: boolean
  isLate: boolean
  version: number
  epoch: number
  isUncertain: boolean
  isSuspect: boolean
  /** Presented, or received. */
  token: number
  /** What the provider said; 0: refused. */
  answer: number
  untried: number[]
  /** How many candidates there were when it claimed. */
  known: number
}

export interface State {
  row: {
    version: number
    token: number
    candidates: number[]
    lastWrite: number
    epoch: number
    holder: number | null
    isUncertain: boolean
    suspicion: 'none' | 'waiting' | 'over'
    status: 'active' | 'needs_reauth'
  }
  provider: { live: number[]; issued: number; isEnded: boolean; isGraceOver: boolean }
  workers: Worker[]
  left: Record<Fault, number>
  /** Tokens that were lost with a process or on the wire: nobody could have kept them. */
  lost: number[]
  wrongs: string[]
}

/** What an idle process remembers decides nothing any more. */
export function textOf(state: State): string {
  for (const worker of state.workers) {
    if (worker.phase === 'idle' || !worker.isAlive) Object.assign(worker, forgotten(worker))
  }
  return JSON.stringify(state)
}

function forgotten({ phase, token }: Worker): Partial<Worker> {
  const nothing = {
    isPaused: false,
    isLate: false,
    isUncertain: false,
    isSuspect: false,
    untried: [],
    known: 0,
  }
  return { ...nothing, version: 0, epoch: 0, answer: 0, token: phase === 'sent' ? token : 0 }
}

export function stateOf(text: string): State {
  const state: unknown = JSON.parse(text)
  if (!isState(state)) throw new Error('this is not the text of a state')
  return state
}

function isState(value: unknown): value is State {
  return typeof value === 'object' && value !== null && 'row' in value
}

/** One connection with its first token, and nobody who has begun. */
export function initial(scenario: Scenario): State {
  const worker: Worker = {
    phase: 'idle',
    attempts: 2,
    isAlive: true,
    isPaused: false,
    isLate: false,
    version: 0,
    epoch: 0,
    isUncertain: false,
    isSuspect: false,
    token: 0,
    answer: 0,
    untried: [],
    known: 0,
  }
  return {
    row: {
      version: 1,
      token: 1,
      candidates: [],
      lastWrite: 0,
      epoch: 0,
      holder: null,
      isUncertain: false,
      suspicion: 'none',
      status: 'active',
    },
    provider: { live: [1], issued: 1, isEnded: false, isGraceOver: false },
    workers: [worker, { ...worker }],
    left: { ...scenario.faults },
    lost: [],
    wrongs: [],
  }
}
