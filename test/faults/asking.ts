import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import type { HostAnswer, HostProcess } from '../support/host-process.ts'
import type { FaultWorld, Granted } from './fault-world.ts'

/** Asks the process for the token of each, once; the answers are in the same order. */
export function askEach(host: HostProcess, granted: readonly Granted[]): Promise<readonly HostAnswer[]> {
  return Promise.all(granted.map(({ key }) => host.ask({ ...key, do: 'token' })))
}

/** Asks again for what was not given, until all is: what must happen by itself has happened then. */
export async function askUntilGiven(
  host: HostProcess,
  granted: readonly Granted[],
  withinMs = 60_000,
): Promise<void> {
  const deadline = performance.now() + withinMs
  let left = granted
  while (left.length > 0) {
    const answers = await askEach(host, left)
    const refused = answers.find((answer) => 'code' in answer)
    left = left.filter((_, index) => !isGood(left[index], answers[index]))
    if (performance.now() > deadline)
      throw new Error(`${left.length} get no token that works: ${JSON.stringify(refused)}`)
    if (left.length > 0) await delay(100)
  }
}

function isGood(granted: Granted | undefined, answer: HostAnswer | undefined): boolean {
  if (granted === undefined || answer === undefined || 'code' in answer) return false
  return answer.tokens.every((token) => granted.emulator.control.accepts('standard', token))
}

/** Nobody is lost, nobody was told to connect again: every connection is active, and can be refreshed once more. */
export async function expectAllUsable(
  world: FaultWorld,
  host: HostProcess,
  granted: readonly Granted[],
): Promise<void> {
  const { rows } = await world.pool.query<{ status: string; count: number }>(
    `SELECT coalesce(reauth_reason::text, status::text) AS status, count(*)::integer AS count
      FROM integration_connections GROUP BY 1`,
  )
  expect(rows).toEqual([{ status: 'active', count: granted.length }])
  await world.expire()
  await askUntilGiven(host, granted)
  expect(granted.filter((each) => each.truth().endedBy !== undefined)).toEqual([])
}
