import { createHash } from 'node:crypto'
import { ContainerModule } from 'inversify'
import { Redis } from 'ioredis'
import { describe, expect, inject, test } from 'vitest'
import { IDS } from '../../src/application/container/identifiers.ts'
import { SECOND_MS } from '../../src/domain/model/time.ts'
import { FixedClock } from '../../src/testing/fixed-clock.ts'
import { challengeOf, startGrantingPlatform } from './granting-platform.ts'
import { afterwards, complete, newTenant, openWorld, start, storedConnections } from './world.ts'
import type { World } from './world.ts'

const LIFETIME_MS = 600 * SECOND_MS

describe('a state', () => {
  test('is one of ten thousand different ones, long, and says nothing of what it stands for', async () => {
    const platform = await startGrantingPlatform('guessable_platform')
    const world = await openWorld({ states: 'memory', platforms: [platform] })
    const container = world.process()
    const states = new Set<string>()
    for (let tenant = 0; tenant < 1_000; tenant += 1) {
      const name = newTenant('guessable-tenant')
      for (let turn = 0; turn < 10; turn += 1) {
        const initiator = turn < 5 ? { userId: `guessable-user-${turn}` } : undefined
        const { state } = await start(container, name, { provider: 'guessable_platform', initiator })
        states.add(state)
      }
    }

    expect(states.size).toBe(10_000)
    for (const state of states) {
      expect(state).toMatch(/^[A-Za-z0-9_-]{86}$/)
      const decoded = [state, Buffer.from(state, 'base64url').toString('latin1')].join(' ')
      expect(decoded).not.toMatch(/guessable|settings|https?:|app\.example/i)
    }
  })

  test('is not made when the source of randomness has none to give', async () => {
    const acme = await startGrantingPlatform()
    const world = await openWorld({ platforms: [acme] })
    const drained = new ContainerModule(({ rebind }) => {
      rebind(IDS.RandomSource).toConstantValue({
        bytes: () => {
          throw new Error('the entropy source failed')
        },
        fraction: () => 0.5,
      })
    })

    await expect(start(world.process({}, [drained]), newTenant())).rejects.toThrow('entropy')
  })

  test('that was changed in any character, cut or lengthened is refused, and the right one still works once', async () => {
    const acme = await startGrantingPlatform()
    const world = await openWorld({ platforms: [acme] })
    const container = world.process()
    const { state } = await start(container, newTenant())
    const flips = Array.from(state, (character, index) => {
      const other = character === 'A' ? 'B' : 'A'
      return state.slice(0, index) + other + state.slice(index + 1)
    })
    const forged = [...flips, state.slice(0, -1), `${state}A`, state.toUpperCase(), 'x'.repeat(86)]
    for (const one of forged) {
      expect(await complete(container, { code: 'code', state: one })).toBe('state_invalid')
    }

    expect(acme.exchanges).toHaveLength(0)
    expect(await complete(container, { code: 'code', state })).toBe('connected')
    expect(await complete(container, { code: 'code', state })).toBe('state_invalid')
    expect(acme.exchanges).toHaveLength(1)
  })

  test('of one platform is refused at the callback of another, asks neither, and still works at its own', async () => {
    const [acme, borealis] = [await startGrantingPlatform(), await startGrantingPlatform('borealis')]
    const world = await openWorld({ platforms: [acme, borealis] })
    const container = world.process()
    const { state } = await start(container, newTenant(), { provider: 'acme' })

    expect(await complete(container, { code: 'code', state }, { provider: 'borealis' })).toBe('state_invalid')
    expect([...acme.requests, ...borealis.requests]).toHaveLength(0)
    expect(await complete(container, { code: 'code', state }, { provider: 'acme' })).toBe('connected')
    expect(borealis.requests).toHaveLength(0)
  })

  test('of another installation, whose keys are not ours, is refused', async () => {
    const acme = await startGrantingPlatform()
    const world = await openWorld({ platforms: [acme] })
    const { state } = await start(world.process(), newTenant())
    const other = world.process({ encryption: { key: 'the-key-of-another-installation-0123456789' } })

    expect(await complete(other, { code: 'code', state })).toBe('state_invalid')
    expect(acme.exchanges).toHaveLength(0)
  })
})

describe('whatever comes of a completion, its state is spent and a retry begins anew', () => {
  const outcomes: readonly (readonly [string, string, (state: string) => Record<string, string>])[] = [
    ['the person declined', 'authorization_denied', (state) => ({ error: 'access_denied', state })],
    ['the platform reports a fault', 'authorization_denied', (state) => ({ error: 'server_error', state })],
    ['neither a code nor an error came', 'authorization_denied', (state) => ({ state })],
    ['both a code and an error came', 'callback_invalid', (state) => ({ code: 'c', error: 'x', state })],
    ['the code is empty', 'callback_invalid', (state) => ({ code: '', state })],
  ]

  test.each(outcomes)('%s', async (_what, expected, callbackOf) => {
    const acme = await startGrantingPlatform()
    const container = (await openWorld({ platforms: [acme] })).process()
    const tenant = newTenant()
    const first = await start(container, tenant)

    expect(await complete(container, callbackOf(first.state))).toBe(expected)
    expect(await complete(container, { code: 'code', state: first.state })).toBe('state_invalid')
    expect(acme.exchanges).toHaveLength(0)
    const second = await start(container, tenant)
    expect(second.state).not.toBe(first.state)
    expect(challengeIn(second.authUrl)).not.toBe(challengeIn(first.authUrl))
  })

  test('somebody else brought it', async () => {
    const acme = await startGrantingPlatform()
    const container = (await openWorld({ platforms: [acme] })).process()
    const initiator = { userId: 'a1', sessionId: 's1' }
    const { state } = await start(container, newTenant(), { initiator })

    expect(await complete(container, { code: 'code', state }, { initiator: { userId: 'a2' } })).toBe(
      'initiator_mismatch',
    )
    expect(await complete(container, { code: 'code', state }, { initiator })).toBe('state_invalid')
    expect(acme.exchanges).toHaveLength(0)
  })

  test.each([
    [400, { error: 'invalid_grant' }, 'exchange_rejected'],
    [401, { error: 'invalid_client' }, 'provider_misconfigured'],
    [500, {}, 'provider_unavailable'],
  ])('the exchange is answered with %i %j', async (status, body, expected) => {
    const acme = await startGrantingPlatform()
    acme.answer('/token', { status, body: JSON.stringify(body) })
    const world = await openWorld({ platforms: [acme] })
    const container = world.process()
    const { state } = await start(container, newTenant())

    expect(await complete(container, { code: 'code', state })).toBe(expected)
    expect(await complete(container, { code: 'code', state })).toBe('state_invalid')
    expect(acme.exchanges).toHaveLength(1)
    expect(await storedConnections(world)).toBe(0)
  })

  test('the connection is cut after the exchange was sent: it is not sent again', async () => {
    const acme = await startGrantingPlatform()
    acme.answer('/token', { reset: true })
    const container = (await openWorld({ platforms: [acme] })).process()
    const { state } = await start(container, newTenant())

    expect(await complete(container, { code: 'code', state })).toBe('provider_unavailable')
    expect(await complete(container, { code: 'code', state })).toBe('state_invalid')
    expect(acme.exchanges).toHaveLength(1)
  })
})

describe.each(['redis', 'postgres', 'memory'] as const)('the ten minutes of a state kept in %s', (states) => {
  test.each([
    [599, 'connected', 1],
    [601, 'state_invalid', 0],
  ])('after %i seconds by the clock of that store: %s', async (seconds, expected, exchanges) => {
    const acme = await startGrantingPlatform()
    const clock = states === 'memory' ? new FixedClock() : undefined
    const world = await openWorld({
      platforms: [acme],
      ...(states === 'redis' ? {} : { states }),
      ...(clock === undefined ? {} : { clock }),
    })
    const container = world.process()
    const { state } = await start(container, newTenant())
    const left = await passed(seconds * SECOND_MS, { state, world, clock })

    expect(left).toBeLessThanOrEqual(LIFETIME_MS)
    expect(left).toBeGreaterThan(LIFETIME_MS - 10 * SECOND_MS)
    expect(await complete(container, { code: 'code', state })).toBe(expected)
    expect(acme.exchanges).toHaveLength(exchanges)
  })
})

interface Passing {
  readonly state: string
  readonly world: World
  readonly clock: FixedClock | undefined
}

/** Brings the end of the state nearer, as time would, and gives how far away it was. */
async function passed(ms: number, { state, world, clock }: Passing): Promise<number> {
  if (clock !== undefined) {
    await clock.advance(ms)
    return LIFETIME_MS
  }
  const key = createHash('sha256').update(state).digest('base64url')
  const { rows } = await world.pool.query<{ left: number }>(
    `WITH before AS (SELECT key, expires_at FROM integration_states WHERE key = $1)
     UPDATE integration_states AS kept SET expires_at = kept.expires_at - $2::int * interval '1 millisecond'
     FROM before WHERE kept.key = before.key
     RETURNING extract(epoch FROM before.expires_at - clock_timestamp())::float * 1000 AS left`,
    [key, ms],
  )
  return rows[0]?.left ?? passedInRedis(`cgk:int:state:${key}`, ms)
}

async function passedInRedis(name: string, ms: number): Promise<number> {
  const redis = new Redis(inject('redisUrl'))
  afterwards(() => {
    redis.disconnect()
  })
  const left = await redis.pttl(name)
  if (left > ms) await redis.pexpire(name, left - ms)
  else await redis.del(name)
  return left
}

function challengeIn(authUrl: URL): string | null {
  return authUrl.searchParams.get('code_challenge')
}

test('the verifier that is sent with a code belongs to the challenge in the URL, and is another in every flow', async () => {
  const acme = await startGrantingPlatform()
  const container = (await openWorld({ platforms: [acme] })).process()
  for (const code of ['first', 'second', 'third']) {
    const { authUrl, state } = await start(container, newTenant())
    expect(authUrl.searchParams.get('code_challenge_method')).toBe('S256')
    expect(await complete(container, { code, state })).toBe('connected')
    const verifier = acme.exchanges.at(-1)?.parameters.get('code_verifier') ?? ''
    expect(verifier).toMatch(/^[A-Za-z0-9._~-]{43,128}$/)
    expect(challengeOf(verifier)).toBe(challengeIn(authUrl))
  }

  expect(new Set(acme.exchanges.map(({ parameters }) => parameters.get('code_verifier'))).size).toBe(3)
})
