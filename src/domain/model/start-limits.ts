import { ConfigInvalidError } from '../errors.ts'
import { STATE_LIFETIME_MS } from './pending-authorization.ts'
import { MINUTE_MS } from './time.ts'

/** How many connections may be started; a start that is refused uses up nothing of anybody else. */
export interface StartLimits {
  /** A minute, by one initiator. */
  readonly perInitiator: number
  /** A minute, by one tenant. */
  readonly perTenant: number
  /** States of one tenant at a time. A state that is used early counts to the end of the window it was started in. */
  readonly liveStates: number
}

export const START_LIMITS: StartLimits = { perInitiator: 10, perTenant: 60, liveStates: 1_000 }

/**
 * One count that a start must fit into. A window opens with its first start and takes no more than `most`: whatever
 * falls around the end of one and the opening of the next, no more than twice as many start within its length.
 */
export interface StartWindow {
  readonly of: 'initiator' | 'tenant' | 'states'
  readonly most: number
  readonly lengthMs: number
}

/** The counts in the order they are asked: the narrowest first, so that one initiator uses up no tenant's share. */
export function startWindows(limits: Partial<StartLimits> = {}): readonly StartWindow[] {
  const { perInitiator, perTenant, liveStates } = { ...START_LIMITS, ...limits }
  const problems = Object.entries({ perInitiator, perTenant, liveStates })
    .filter(([, most]) => !Number.isSafeInteger(most) || most < 1 || most > MOST)
    .map(([name]) => `limits.${name}: must be a whole number from 1 to ${MOST}`)
  if (problems.length > 0) throw new ConfigInvalidError(problems)
  return [
    { of: 'initiator', most: perInitiator, lengthMs: MINUTE_MS },
    { of: 'tenant', most: perTenant, lengthMs: MINUTE_MS },
    { of: 'states', most: liveStates, lengthMs: STATE_LIFETIME_MS },
  ]
}

/** Every store can count this far. */
const MOST = 1_000_000_000
