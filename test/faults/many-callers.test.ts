import { expect, test } from 'vitest'
import { HOUR_MS } from '../../src/domain/model/time.ts'
import { faultWorld } from './fault-world.ts'
import type { Granted, Route } from './fault-world.ts'
import type { HostProcess } from '../support/host-process.ts'

interface Load {
  readonly processes: number
  readonly callers: number
  readonly connections: number
  readonly rounds: number
}

const loads: readonly (readonly [Route, Load])[] = [
  ['directly', { processes: 4, callers: 50, connections: 20, rounds: 20 }],
  ['through PgBouncer', { processes: 4, callers: 20, connections: 10, rounds: 5 }],
]

test.each(loads)(
  'where reuse kills the grant, each round of expiry is one request for each connection, %s',
  async (route, { processes, callers, connections, rounds }) => {
    const world = await faultWorld({ rotations: { single_use_revoking: 'revoking' }, route })
    for (const { control } of world.emulators) control.setLatency(50, 'standard')
    const hosts = await world.hosts(processes)
    const granted = await world.seed(connections)
    for (let round = 1; round <= rounds; round += 1) {
      await world.elapse(HOUR_MS)
      await Promise.all(granted.map((each) => expectOneToken(hosts, each, callers)))
      expect(granted.map((each) => each.truth().tokenCalls)).toEqual(granted.map(() => round))
    }
    for (const each of granted) {
      expect(each.truth()).toMatchObject({ inFlightMax: 1, reuses: [] })
      expect(each.truth().endedBy).toBeUndefined()
    }
  },
)

/** Everybody in every process is given the same token, and it works. */
async function expectOneToken(
  hosts: readonly HostProcess[],
  { key, emulator }: Granted,
  times: number,
): Promise<void> {
  const answers = await Promise.all(hosts.map((host) => host.ask({ ...key, do: 'token', times })))
  const tokens = answers.flatMap((answer) => ('tokens' in answer ? answer.tokens : [answer.code]))
  expect(tokens).toHaveLength(hosts.length * times)
  expect([...new Set(tokens)]).toHaveLength(1)
  expect(emulator.control.accepts('standard', tokens[0] ?? '')).toBe(true)
}
