import { createCipheriv, createHmac, createSecretKey, hash, randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { NodeRandomSource } from '../src/adapters/node/random-source.ts'
import { JoinedCalls, RedisStartLimiter, RedisStateStore } from '../src/adapters/redis/index.ts'
import { base64url } from '../src/domain/model/bytes.ts'
import type { TenantId } from '../src/domain/model/identifiers.ts'
import type { StartLimits } from '../src/domain/model/start-limits.ts'
import { encodePending } from '../src/domain/services/pending-authorization-text.ts'
import { asSealed } from '../src/ports/cipher.ts'
import { pendingFor } from './pending.ts'
import { pick } from './rounds.ts'

const KEY = createSecretKey(randomBytes(32))
const AAD = Buffer.alloc(120, 'context')
const STATE_PREFIX = 'cgk:int:state:'

/**
 * The least that a start can be with what is asked of it: a nonce, an HMAC, a hash, one sealing by
 * `node:crypto`, and the very command that ours was seen to send, with another state in it.
 */
export async function startByHand(
  client: Redis,
  tenants: readonly TenantId[],
  limits: StartLimits,
): Promise<(turn: number) => Promise<unknown>> {
  const { sha1, keyCount, parts } = await recordedCommand(client, limits)
  const stateAt = parts.findIndex((part) => String(part).startsWith(STATE_PREFIX))
  const random = new NodeRandomSource()
  const valueAt = parts.indexOf(VALUE)
  return async (turn) => {
    const nonce = base64url(random.bytes(32))
    const mac = createHmac('sha256', KEY).update(`state:google_ads:${nonce}`).digest('base64url')
    const gcm = createCipheriv('aes-256-gcm', KEY, randomBytes(12), { authTagLength: 16 })
    gcm.setAAD(AAD)
    const ciphertext = gcm.update(encodePending(pendingFor(pick(tenants, turn))), 'utf8')
    gcm.final()
    const command = [...parts]
    command[stateAt] = STATE_PREFIX + hash('sha256', nonce + mac, 'base64url')
    command[valueAt] = Buffer.concat([ciphertext, gcm.getAuthTag()]).toString('base64url')
    return client.evalsha(sha1, keyCount, ...command)
  }
}

const VALUE = asSealed('c1.recorded')

interface Command {
  readonly sha1: string
  readonly keyCount: number
  readonly parts: readonly (string | number)[]
}

async function recordedCommand(client: Redis, limits: StartLimits): Promise<Command> {
  let seen: Command | undefined
  const recorder = {
    status: 'ready',
    on: () => undefined,
    off: () => undefined,
    get: (key: string) => client.get(key),
    getdel: (key: string) => client.getdel(key),
    eval: (...call: Parameters<JoinedClient['eval']>) => client.eval(...call),
    evalsha: (...[sha1, keyCount, ...parts]: Parameters<JoinedClient['evalsha']>) => {
      seen = { sha1, keyCount, parts }
      return client.evalsha(sha1, keyCount, ...parts)
    },
  }
  const joined = new JoinedCalls({ client: recorder, limits })
  const [limiter, states] = [
    new RedisStartLimiter({ client: recorder, joined }),
    new RedisStateStore({ client: recorder, joined }),
  ]
  const tenantId = 'tenant-by-hand' as TenantId
  await Promise.all([
    limiter.admit({ tenantId, initiatorHash: 'initiator' }),
    states.remember('recorded', VALUE, 600_000),
  ])
  if (seen === undefined) throw new Error('no command was seen')
  return seen
}

type JoinedClient = ConstructorParameters<typeof RedisStateStore>[0]['client']
