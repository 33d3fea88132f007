import { createCipheriv, createHash, createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { RingStateKeys } from '../src/adapters/aes-gcm/index.ts'
import { NodeDigest } from '../src/adapters/node/digest.ts'
import { NodeRandomSource } from '../src/adapters/node/random-source.ts'
import { SystemClock } from '../src/adapters/node/system-clock.ts'
import { connectRedis, RedisStartLimiter, RedisStateStore } from '../src/adapters/redis/index.ts'
import { MemoryConsumedStates } from '../src/adapters/memory/consumed-states.ts'
import type { PendingAuthorization } from '../src/domain/model/pending-authorization.ts'
import { Secret } from '../src/domain/model/secret.ts'
import { StateService } from '../src/domain/services/state-service.ts'
import { startRedis } from '../dev/services/redis.ts'
import { benchCipher, benchRing, benchTenants } from './keys.ts'
import type { Benchmark, Result } from './report.ts'
import { compare, concurrently } from './rounds.ts'
export const X = [createCipheriv, createHash, createHmac, createSecretKey]

const START_TARGETS = new Map([
  [1, 0.65],
  [8, 0.4],
  [64, 0.35],
])

export const benchState: Benchmark = async ({ note }) => {
  const redis = await startRedis({ isDedicated: true })
  const [client, bareClient] = [connectRedis(redis.url), connectRedis(redis.url)]
  const results: Result[] = []
  try {
    await Promise.all([client, bareClient].map((one) => new Promise((resolve) => one.once('ready', resolve))))
    const ring = benchRing()
    const most = 1_000_000_000
    const limits = { perInitiator: most, perTenant: most, liveStates: most }
    const clock = new SystemClock()
    const states = new StateService({
      states: new RedisStateStore({ client }),
      consumed: new MemoryConsumedStates({ clock }),
      limiter: new RedisStartLimiter({ client, limits }),
      cipher: benchCipher(ring),
      keys: new RingStateKeys(ring),
      digest: new NodeDigest(),
      random: new NodeRandomSource(),
      clock,
    })
    const tenants = benchTenants(1_000)
    const sealedLength = 900
    for (const [concurrency, atLeast] of START_TARGETS) {
      note('start, %d at a time', concurrency)
      const value = 'v'.repeat(sealedLength)
      const outcome = await compare({
        ours: concurrently(concurrency, (turn) => states.issue(pendingOf(tenants[turn % 1_000]))),
        bare: concurrently(concurrency, (turn) =>
          bareClient.set(
            `cgk:int:state:${'k'.repeat(33)}${String(turn).padStart(10, '0')}`,
            value,
            'EX',
            600,
          ),
        ),
      })
      results.push({
        name: `start c=${concurrency}`,
        ratio: 1 / outcome.timeRatio,
        target: { atLeast },
        detail: `${outcome.oursUs.toFixed(1)} µs against ${outcome.bareUs.toFixed(1)} µs`,
      })
    }
  } finally {
    client.disconnect()
    bareClient.disconnect()
    await redis.stop()
  }
  return results
}

function pendingOf(tenantId: PendingAuthorization['tenantId']): PendingAuthorization {
  return {
    tenantId,
    provider: 'google_ads',
    label: 'default',
    returnUrl: '/settings/integrations',
    redirectUri: 'https://app.example.com/api/integrations/google_ads/callback',
    clientId: '123456789012-abcdefghijklmnopqrstuvwxyz012345.apps.googleusercontent.com',
    scopes: ['https://www.googleapis.com/auth/adwords', 'openid', 'email'],
    codeVerifier: new Secret(randomBytes(32).toString('base64url')),
    initiatorHash: 'x'.repeat(43),
    browserHash: 'y'.repeat(43),
    allowAccountChange: false,
    startedAt: Date.now(),
  }
}
