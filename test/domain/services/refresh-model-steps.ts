import { stateOf, textOf } from './refresh-model-state.ts'
import type { Clauses, Fault, ModelMode, Scenario, State, Worker } from './refresh-model-state.ts'

/** Every state that may come next. */
export function successors(text: string, scenario: Scenario, clauses: Clauses): readonly string[] {
  const next: string[] = []
  const step = (change: (copy: State) => void): void => {
    const copy = stateOf(text)
    change(copy)
    next.push(textOf(copy))
  }
  const state = stateOf(text)
  const { row } = state
  // Time: a suspicion outlives every request and every store of a process that runs.
  if (row.suspicion === 'waiting' && !state.workers.some(isBusy)) {
    step((copy) => {
      copy.row.suspicion = 'over'
    })
  }
  state.workers.forEach((worker, index) => {
    if (worker.phase === 'sent') step((copy) => processRequest(copy, index, scenario.mode))
    if (!worker.isAlive) return
    misfortunes(state, worker, scenario).forEach(([fault, strike]) => {
      step((copy) => {
        copy.left[fault] -= 1
        strike(copy, index, clauses)
      })
    })
    if (worker.isPaused) {
      step((copy) => resume(copy, index, clauses))
      return
    }
    if (worker.phase === 'idle' && mayClaim(state, index, scenario)) step((copy) => claim(copy, index))
    if (worker.phase === 'claimed') step((copy) => send(copy, index, clauses))
    if (worker.phase === 'answered') step((copy) => receive(copy, index))
    if (worker.phase === 'got') step((copy) => store(copy, index, clauses))
    if (worker.phase === 'refused') step((copy) => judge(copy, index, clauses))
  })
  return next
}

type Strike = (state: State, index: number, clauses: Clauses) => void

function misfortunes(
  state: State,
  worker: Worker,
  scenario: Scenario,
): readonly (readonly [Fault, Strike])[] {
  const { phase, isPaused } = worker
  const possible: (readonly [Fault, Strike])[] = []
  if (phase !== 'idle') possible.push(['crash', crash])
  if (!isPaused && scenario.pausedIn.includes(phase)) {
    possible.push(['pause', (copy, index) => void (workerOf(copy, index).isPaused = true)])
  }
  if (!isPaused && phase === 'answered') possible.push(['lose', lose])
  if (!isPaused && phase === 'got') possible.push(['storeFails', failStore], ['ackLost', loseAcknowledgement])
  return possible.filter(([fault]) => state.left[fault] > 0)
}

function isBusy(worker: Worker): boolean {
  return worker.isAlive && !worker.isPaused && ['sent', 'answered', 'got'].includes(worker.phase)
}

function mayClaim(state: State, index: number, scenario: Scenario): boolean {
  const { row, workers } = state
  // The processes are alike: it is enough to look at those orders in which the first one begins.
  if (row.epoch === 0 && index > 0) return false
  if (workerOf(state, index).attempts === 0 || row.status !== 'active' || row.suspicion === 'waiting')
    return false
  if (row.holder === null) return true
  const holder = workers[row.holder]
  // A lease ends by time only when its owner is dead or paused, and after every request that was still on the wire.
  const isSilent = holder === undefined || !holder.isAlive || holder.isPaused
  const isOnTheWire = scenario.mode !== 'newest' && workers.some(({ phase }) => phase === 'sent')
  return isSilent && !isOnTheWire
}

function claim(state: State, index: number): void {
  const { row } = state
  const worker = workerOf(state, index)
  row.isUncertain ||= row.holder !== null
  row.epoch += 1
  row.holder = index
  Object.assign(worker, {
    phase: 'claimed',
    attempts: worker.attempts - 1,
    isLate: false,
    version: row.version,
    epoch: row.epoch,
    isUncertain: row.isUncertain,
    isSuspect: row.suspicion === 'over',
    token: row.token,
    untried: [...row.candidates].reverse(),
    known: row.candidates.length,
  })
}

function send(state: State, index: number, clauses: Clauses): void {
  const worker = workerOf(state, index)
  if (worker.isLate && clauses.deadlineCheck) {
    release(state, index, clauses)
    worker.phase = 'idle'
  } else worker.phase = 'sent'
}

function processRequest(state: State, index: number, mode: ModelMode): void {
  const { provider } = state
  const worker = workerOf(state, index)
  worker.phase = 'answered'
  const isLive = provider.live.includes(worker.token) && !provider.isEnded
  const isInGrace = mode === 'newest' && worker.token === 1 && !provider.isEnded && !provider.isGraceOver
  if (!isLive && !isInGrace) {
    worker.answer = 0
    if (mode !== 'revoking' || provider.isEnded) return
    if (isHeld(state, provider.live)) state.wrongs.push('harmful replay')
    provider.isEnded = true
    return
  }
  if (mode === 'none') {
    worker.answer = worker.token
    return
  }
  // Using a successor ends the grace of the token that it was given for.
  provider.isGraceOver ||= worker.token !== 1
  provider.issued += 1
  provider.live = [provider.issued]
  worker.answer = provider.issued
  if (!worker.isAlive) state.lost.push(provider.issued)
}

/** Whether the row or a living process has one of these. */
function isHeld({ row, workers }: State, tokens: readonly number[]): boolean {
  const held = workers.filter(({ isAlive, phase }) => isAlive && (phase === 'answered' || phase === 'got'))
  return [row.token, ...row.candidates, ...held.map(({ answer }) => answer)].some((token) =>
    tokens.includes(token),
  )
}

function receive(state: State, index: number): void {
  const worker = workerOf(state, index)
  worker.phase = worker.answer === 0 ? 'refused' : 'got'
}

function store(state: State, index: number, clauses: Clauses): void {
  const worker = workerOf(state, index)
  commit(state, index, clauses)
  release(state, index, { ...clauses, ownedRelease: true })
  worker.phase = 'idle'
}

function commit(state: State, index: number, clauses: Clauses): void {
  const { row } = state
  const { answer, version } = workerOf(state, index)
  if (clauses.versionPredicate && row.version !== version) {
    if (row.lastWrite === answer) return
    if (!clauses.candidates || row.candidates.includes(answer)) return
    row.candidates.push(answer)
    if (clauses.heal) row.status = 'active'
    return
  }
  if (row.status === 'needs_reauth' && !clauses.heal) return
  Object.assign(row, { version: row.version + 1, token: answer, candidates: [], lastWrite: answer })
  Object.assign(row, { isUncertain: false, suspicion: 'none', status: 'active' })
}

function judge(state: State, index: number, clauses: Clauses): void {
  const { row, provider } = state
  const worker = workerOf(state, index)
  const isMine = row.epoch === worker.epoch && row.holder === index
  worker.phase = 'idle'
  const candidate = row.version === worker.version ? worker.untried.shift() : undefined
  if (candidate !== undefined) {
    Object.assign(worker, { phase: 'claimed', token: candidate })
    return
  }
  if (row.version === worker.version && isMine) {
    if (clauses.uncertainTakeover && worker.isUncertain && !worker.isSuspect) row.suspicion = 'waiting'
    else if (clauses.freshVerdict && row.candidates.length !== worker.known) release(state, index, clauses)
    else {
      row.status = 'needs_reauth'
      if (!worker.isSuspect && row.version === 1 && isHeld(state, provider.live)) {
        state.wrongs.push('premature verdict')
      }
    }
  }
  release(state, index, clauses)
}

function release(state: State, index: number, clauses: Clauses): void {
  const { row } = state
  if (!clauses.ownedRelease || (row.holder === index && row.epoch === workerOf(state, index).epoch)) {
    row.holder = null
  }
}

function crash(state: State, index: number): void {
  const worker = workerOf(state, index)
  if (worker.phase === 'answered' || worker.phase === 'got') state.lost.push(worker.answer)
  worker.isAlive = false
  worker.attempts = 0
  if (worker.phase !== 'sent') worker.phase = 'idle'
}

function lose(state: State, index: number, clauses: Clauses): void {
  const { row } = state
  const worker = workerOf(state, index)
  state.lost.push(worker.answer)
  if (row.holder === index && row.epoch === worker.epoch) row.isUncertain = true
  release(state, index, clauses)
  worker.phase = 'idle'
}

function failStore(state: State, index: number, clauses: Clauses): void {
  if (clauses.storeRetry) workerOf(state, index).isPaused = true
  else workerOf(state, index).phase = 'idle'
}

/** Committed, and not known to be; the lease went with the commit. */
function loseAcknowledgement(state: State, index: number, clauses: Clauses): void {
  commit(state, index, clauses)
  release(state, index, { ...clauses, ownedRelease: true })
  workerOf(state, index).isPaused = true
}

function resume(state: State, index: number, clauses: Clauses): void {
  const worker = workerOf(state, index)
  worker.isPaused = false
  worker.isLate = worker.phase === 'claimed'
  // After a stall timers run before sockets: whoever aborts on a timeout throws away an answer that has arrived.
  if (clauses.keepListening || worker.phase !== 'answered') return
  release(state, index, clauses)
  if (state.row.epoch === worker.epoch) state.row.isUncertain = true
  worker.phase = 'idle'
}

function workerOf(state: State, index: number): Worker {
  const worker = state.workers[index]
  if (worker === undefined) throw new Error(`there is no worker ${index}`)
  return worker
}
