import { IDS } from '../../src/application/container/identifiers.ts'
import { MINUTE_MS, SECOND_MS } from '../../src/domain/model/time.ts'
import { codeOf } from '../promises/refresh-fixture.ts'
import type { FaultWorld, Granted } from './fault-world.ts'

/** `usable`: refreshed once more with what was stored. Otherwise the status that it came to. */
export type Outcome = string

/** Longer than the lease of a platform with a grace of a minute, and well inside that. */
const WITHIN_GRACE_MS = 28 * SECOND_MS
/** Longer than the quarantine of the others. */
const QUARANTINED_MS = 13 * MINUTE_MS

/**
 * Renews every connection in a process that knows nothing of what happened, after everything that a lease, a quarantine
 * and a suspicion have to wait for; none of it in real time.
 */
export async function recover(
  world: FaultWorld,
  granted: readonly Granted[],
): Promise<ReadonlyMap<Granted, Outcome>> {
  const condemned = new Set<string>()
  const tokens = world
    .container({
      onEvent: (event) => {
        if (event.type === 'connection.needs_reauth') condemned.add(`${event.provider} ${event.tenantId}`)
      },
    })
    .get(IDS.AccessTokens)
  const outcomes = new Map<Granted, Outcome>()
  const renew = async (some: readonly Granted[]): Promise<void> => {
    const open = some.filter((each) => outcomes.get(each) !== 'usable')
    await Promise.all(open.map(async (each) => outcomes.set(each, await outcomeOf(each))))
  }
  const outcomeOf = async ({ key, emulator }: Granted): Promise<Outcome> => {
    let token = ''
    const code = await codeOf(tokens.refresh(key).then((secret) => (token = secret.reveal())))
    return emulator.control.accepts('standard', token) ? 'usable' : code
  }
  await world.elapse(WITHIN_GRACE_MS)
  await renew(granted.filter(({ key }) => key.provider === 'grace'))
  for (let turn = 0; turn < 2; turn += 1) {
    await world.elapse(QUARANTINED_MS)
    await renew(granted)
  }
  for (const [each, outcome] of outcomes) {
    const wasCondemned = condemned.has(`${each.key.provider} ${each.key.tenantId}`)
    if (outcome !== 'usable') outcomes.set(each, await world.status(each))
    else if (wasCondemned) outcomes.set(each, 'a false alarm')
  }
  return outcomes
}
