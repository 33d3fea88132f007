import { expect } from 'vitest'
import type { Failpoint, HostProcess } from '../support/host-process.ts'
import type { FaultWorld, Granted } from './fault-world.ts'

/**
 * The steps of a refresh, in their order. `send`: the platform has acted and its answer is under way; `headers` and
 * `body`: so much of the answer has arrived; `store.begin`: nothing of the store has left the process; `store.commit`:
 * the server has executed it and not committed; `ack`: it has committed, and the process does not know.
 */
export const KILL_POINTS = [
  'claim',
  'preflight',
  'send',
  'headers',
  'body',
  'store.begin',
  'store.commit',
  'ack',
] as const

export type KillPoint = (typeof KILL_POINTS)[number]

/** Between them the platform has rotated, and the successor is nowhere but in the process or on its way to it. */
const ONLY_IN_THE_PROCESS: ReadonlySet<KillPoint> = new Set([
  'send',
  'headers',
  'body',
  'store.begin',
  'store.commit',
])

const FOR_EVER_MS = 600_000
const PATIENT = { timeout: 30_000, interval: 20 }

/** Whether no client could have kept the connection. */
export function isUnavoidable(point: KillPoint, rotation: string): boolean {
  return rotation.startsWith('single_use') && ONLY_IN_THE_PROCESS.has(point)
}

/** Where a process itself must stop, or at least say that it is there. */
export function failpointOf(point: KillPoint): Failpoint | undefined {
  return point === 'send' || point === 'store.commit' || point === 'ack' ? undefined : point
}

/** Makes the wire hold whatever refresh comes to `point`. */
export function holdAt(point: KillPoint, { emulators, proxy }: FaultWorld): void {
  for (const { control } of emulators) {
    if (point === 'send') control.fail('standard', 'refresh', { delayAfterMs: FOR_EVER_MS, times: null })
    if (point === 'headers') control.fail('standard', 'refresh', { drip: FOR_EVER_MS, times: null })
  }
  if (point === 'store.commit') proxy.holdStores('commit')
  if (point === 'ack') proxy.holdStores('ack')
}

/** Resolves when all these refreshes, shared equally by the processes, stand at `point`. */
export async function allStandAt(
  point: KillPoint,
  { pool, proxy }: FaultWorld,
  hosts: readonly HostProcess[],
  granted: readonly Granted[],
): Promise<void> {
  const all = granted.length
  if (failpointOf(point) !== undefined) {
    await Promise.all(hosts.map((host) => host.reached(all / hosts.length)))
  } else if (point === 'send') {
    await expect
      .poll(() => granted.filter((each) => each.truth().issues.length === 2).length, PATIENT)
      .toBe(all)
  } else if (point === 'store.commit') {
    await expect.poll(() => proxy.heldStores(), PATIENT).toBe(all)
  } else {
    const stored = 'SELECT count(*)::integer AS stored FROM integration_connections WHERE token_version = 2'
    const ask = async (): Promise<unknown> => (await pool.query<{ stored: number }>(stored)).rows[0]?.stored
    await expect.poll(ask, PATIENT).toBe(all)
  }
}
