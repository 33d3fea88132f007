import type { Redis } from 'ioredis'

/** Brings every window's end nearer, as time would; what has no end is an error of its own. */
export async function advanceCounters(nodes: readonly Redis[], keyPrefix: string, ms: number): Promise<void> {
  for (const node of nodes) {
    for (const key of await node.keys(`${keyPrefix}start:*`)) {
      const left = await node.pttl(key)
      if (left === -1) throw new Error(`${key} never ends`)
      if (left > ms) await node.pexpire(key, left - ms)
      else await node.del(key)
    }
  }
}
