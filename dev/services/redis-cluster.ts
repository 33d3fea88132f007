import { Redis } from 'ioredis'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from './ports.ts'
import { startRedis } from './redis.ts'
import type { RunningRedis } from './redis.ts'

/** Three Redis nodes that share the hash slots. */
export interface RunningRedisCluster {
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  stop(): Promise<void>
}

const SLOTS = 16_384
/** Every node's bus listens on its port + 10000. */
const BUS_OFFSET = 10_000

/** Starts a Redis Cluster of three nodes on 127.0.0.1 and waits until it serves all slots. */
export async function startRedisCluster(): Promise<RunningRedisCluster> {
  const servers: RunningRedis[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()))
  }
  try {
    for (let index = 0; index < 3; index += 1) servers.push(await startNode())
    await join(servers)
    return { nodes: servers.map(({ port }) => ({ host: '127.0.0.1', port })), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startNode(): Promise<RunningRedis> {
  const settings = { 'cluster-enabled': 'yes', 'cluster-node-timeout': '2000' }
  return startRedis({ isDedicated: true, port: await freePort(65_536 - BUS_OFFSET), settings })
}

async function join(servers: readonly RunningRedis[]): Promise<void> {
  const clients = servers.map(({ port }) => new Redis({ host: '127.0.0.1', port, commandTimeout: 5_000 }))
  for (const client of clients) client.on('error', () => undefined)
  try {
    const share = Math.ceil(SLOTS / clients.length)
    for (const [index, client] of clients.entries()) {
      const last = Math.min((index + 1) * share, SLOTS) - 1
      await client.call('CLUSTER', 'ADDSLOTSRANGE', index * share, last)
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
      const first = servers[0]
      if (index > 0 && first !== undefined) await client.call('CLUSTER', 'MEET', '127.0.0.1', first.port)
    }
    for (const client of clients) await untilServing(client, servers.length)
  } finally {
    for (const client of clients) client.disconnect()
  }
}

async function untilServing(client: Redis, size: number): Promise<void> {
  for (let turns = 0; turns < 400; turns += 1) {
    const info = String(await client.call('CLUSTER', 'INFO'))
    if (info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${String(size)}`)) return
    await delay(25)
  }
  throw new Error('the Redis Cluster did not come up within ten seconds')
}
