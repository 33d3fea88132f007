import { describe, expect, test } from 'vitest'
import { parseTenantId } from '../../../src/domain/model/identifiers.ts'
import type { ConnectionKey } from '../../../src/domain/model/identifiers.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/domain/model/time.ts'
import { appOf } from '../../../src/ports/provider-client.ts'
import type { ProviderClient } from '../../../src/ports/provider-client.ts'
import { failWith, ofClient, refusal } from './model-provider.ts'
import type { ModelProvider } from './model-provider.ts'
import { attemptsOf, KEY, RefreshWorld } from './refresh-world.ts'

const throttled = (retryAfterMs: number) =>
  failWith({ kind: 'rate_limited', delivery: 'answered', providerCode: 'http_429', retryAfterMs })

const refusedApp = failWith({
  kind: 'misconfigured',
  delivery: 'answered',
  providerCode: 'unauthorized_client',
})

/** Within the window of the job. */
const NEARLY_DUE_MS = HOUR_MS - 10 * MINUTE_MS

const keyOf = (place: number): ConnectionKey => ({ ...KEY, tenantId: parseTenantId(`tenant-${place}`) })

interface ConnectedOptions {
  readonly ageMs?: number
  readonly lifetimeMs?: number | null
  readonly requestsPerSecond?: number
}

async function connected(count: number, options: ConnectedOptions = {}): Promise<RefreshWorld> {
  const { ageMs = HOUR_MS + 1, lifetimeMs = HOUR_MS, ...budget } = options
  const world = new RefreshWorld({ mode: 'none', ...budget })
  world.provider.lifetimeMs = lifetimeMs
  for (let place = 0; place < count; place += 1) await world.connect(keyOf(place))
  await world.advance(ageMs)
  return world
}

describe('What a provider said to one process', () => {
  test('is obeyed by the others: no request and no attempt before its time, and a typed answer', async () => {
    const world = await connected(3)
    const [told, other] = [world.host('host-1'), world.host('host-2')]
    world.provider.plan(throttled(30 * SECOND_MS))
    await expect(told.tokens.get(keyOf(0))).rejects.toMatchObject({ code: 'rate_limited' })
    const saidAt = world.clock.now()
    await world.advance(29 * SECOND_MS)
    for (const { tokens } of [other, told, world.host('host-3')]) {
      await expect(tokens.get(keyOf(1))).rejects.toMatchObject({
        code: 'rate_limited',
        retryAt: saidAt + 30 * SECOND_MS,
      })
    }
    expect(world.provider.calls).toBe(1)
    await world.advance(SECOND_MS)
    expect(await attemptsOf(world, keyOf(2))).toBe(0)
    await other.tokens.get(keyOf(1))
    expect(world.provider.calls).toBe(2)
  })

  test('holds for a refused app as well', async () => {
    const world = await connected(2)
    world.provider.plan(
      failWith({ kind: 'misconfigured', delivery: 'answered', providerCode: 'invalid_client' }),
    )
    await world
      .host('host-1')
      .tokens.get(keyOf(0))
      .catch(() => undefined)
    const other = world.host('host-2')
    await expect(other.tokens.get(keyOf(1))).rejects.toMatchObject({ code: 'provider_misconfigured' })
    await world.advance(30 * SECOND_MS)
    await other.tokens.get(keyOf(1))
    expect(world.provider.calls).toBe(2)
  })

  test('does not keep a token that is still valid from anybody', async () => {
    const world = await connected(2, { ageMs: HOUR_MS - 2 * MINUTE_MS })
    world.provider.plan(throttled(HOUR_MS))
    const [told, other] = [world.host('host-1'), world.host('host-2')]
    for (const { tokens } of [told, other, told, other]) {
      expect(world.provider.acceptsAccess((await tokens.get(keyOf(1))).reveal())).toBe(true)
      await world.settle()
    }
    expect(world.provider.calls).toBe(1)
  })

  test('stops what another process had already claimed for its job, which counts no attempt', async () => {
    const world = await connected(6, { ageMs: NEARLY_DUE_MS })
    const held = world.host('host-1')
    let told: Promise<void> | undefined
    held.interposed.after = async (step) => {
      if (step !== 'prepare') return
      told ??= world.stores.apps.suspend(appOf(world.provider), { reason: 'rate_limited', forMs: MINUTE_MS })
      await told
      held.stall(SECOND_MS)
    }
    const result = await world.until(held.job.run({ concurrency: 5 }))
    expect(result).toMatchObject({ refreshed: 0, failed: 0, skipped: 6 })
    expect(world.provider.calls).toBe(0)
    await world.advance(MINUTE_MS)
    for (const place of [0, 1, 2, 3, 4]) {
      const { lastErrorCode } = await world.reading(keyOf(place))
      expect(lastErrorCode).toBeUndefined()
      expect(await attemptsOf(world, keyOf(place))).toBe(0)
    }
  })
})

describe('What a provider said about one connection', () => {
  test.each([
    ['a throttle', throttled(HOUR_MS), 'rate_limited'],
    ['a refusal', refusedApp, 'provider_misconfigured'],
  ] as const)('%s of an API key concerns the account of that key alone', async (_name, answer, code) => {
    const world = await connected(2, { ageMs: 0, lifetimeMs: null })
    const apiKeys = (provider: ModelProvider): ProviderClient => ({
      traits: { ...provider.traits, renewal: 'none' },
      examine: () => provider.examine(),
      verify: (apiKey) => provider.verify(apiKey),
      revoke: (credential) => provider.revoke(credential),
    })
    const { tokens } = world.host('host-1', { client: apiKeys })
    world.provider.plan(answer)
    await expect(tokens.refresh(keyOf(0))).rejects.toMatchObject({ code })
    await tokens.refresh(keyOf(1))
    await expect(tokens.refresh(keyOf(0))).rejects.toBeInstanceOf(Error)
    expect(world.provider.verifications).toBe(2)
  })

  test('a throttle of one account puts off the connection for as long as it says, and no other', async () => {
    const world = await connected(2)
    const { tokens } = world.host()
    world.provider.plan(
      failWith({
        ...{ kind: 'rate_limited', delivery: 'answered', providerCode: '80004', concerns: 'connection' },
        retryAfterMs: MINUTE_MS,
      }),
    )
    await expect(tokens.get(keyOf(0))).rejects.toMatchObject({ code: 'rate_limited' })
    await tokens.get(keyOf(1))
    await world.advance(MINUTE_MS - 1)
    await expect(tokens.get(keyOf(0))).rejects.toMatchObject({ code: 'rate_limited' })
    await world.advance(1)
    await tokens.get(keyOf(0))
    expect(world.provider.calls).toBe(3)
  })

  test('a refusal of what was issued to an earlier app of the host does not suspend the new one', async () => {
    const world = await connected(2)
    const { tokens } = world.host('host-1', { client: (provider) => ofClient(provider, 'client-2') })
    world.provider.plan(refusedApp)
    await expect(tokens.get(keyOf(0))).rejects.toMatchObject({ code: 'provider_misconfigured' })
    expect((await world.reading(keyOf(0))).status).toBe('active')
    await tokens.get(keyOf(1))
    expect(world.provider.calls).toBe(2)
  })
})

describe('An app with a budget', () => {
  test('sends one request after the other, whichever processes send them', async () => {
    const world = await connected(12, { requestsPerSecond: 4 })
    const hosts = [world.host('host-1'), world.host('host-2'), world.host('host-3')]
    const startedAt = world.clock.monotonicMs()
    const asked = hosts.flatMap(({ tokens }, of) =>
      [0, 1, 2, 3].map((place) => tokens.get(keyOf(of * 4 + place))),
    )
    const all = Promise.all(asked)
    await world.until(all)
    expect(world.provider.calls).toBe(12)
    expect(world.clock.monotonicMs() - startedAt).toBeGreaterThanOrEqual(11 * 250)
  })

  test('refuses what would wait too long, with the time to come back and no attempt counted', async () => {
    const world = await connected(3, { requestsPerSecond: 0.1 })
    await world.host('host-1').tokens.get(keyOf(0))
    const now = world.clock.now()
    await expect(world.host('host-2').tokens.get(keyOf(1))).rejects.toMatchObject({
      code: 'rate_limited',
      retryAt: now + 5_500,
    })
    expect(world.provider.calls).toBe(1)
    expect((await world.reading(keyOf(1))).nextAttemptMs).toBe(0)
    await world.advance(5_500)
    expect(await attemptsOf(world, keyOf(1))).toBe(0)
    await world.until(world.host('host-2').tokens.get(keyOf(2)))
    expect(world.provider.calls).toBe(2)
  })

  test('takes back the attempt of a claim that found its turn taken meanwhile', async () => {
    const world = await connected(2, { requestsPerSecond: 0.1 })
    const [first, second] = [world.host('host-1'), world.host('host-2')]
    const asked = Promise.allSettled([first.tokens.get(keyOf(0)), second.tokens.get(keyOf(1))])
    const [one, two] = await world.until(asked)
    expect([one.status, two.status].sort()).toEqual(['fulfilled', 'rejected'])
    const late = one.status === 'rejected' ? 0 : 1
    await world.advance(10 * SECOND_MS)
    expect(await attemptsOf(world, keyOf(late))).toBe(0)
  })

  test('gives a turn to each credential that is presented after a refusal', async () => {
    const world = await connected(1, { requestsPerSecond: 1 })
    const { provider } = world
    const host = world.host()
    const sentAt: number[] = []
    provider.plan(
      async (act) => ({ ...act(), refreshToken: provider.open().accessToken }),
      async () => {
        sentAt.push(world.clock.monotonicMs())
        throw refusal('invalid_grant')
      },
      async (act) => {
        sentAt.push(world.clock.monotonicMs())
        return act()
      },
    )
    await host.tokens.get(keyOf(0))
    await world.advance(HOUR_MS)
    await world.until(host.tokens.get(keyOf(0)))
    const [first = 0, second = 0] = sentAt
    expect(second - first).toBeGreaterThanOrEqual(1_000)
  })

  test('counts the attempt of a refused credential whose successor finds no turn', async () => {
    const world = await connected(1, { requestsPerSecond: 0.1 })
    const { provider } = world
    const host = world.host()
    provider.plan(async (act) => ({ ...act(), refreshToken: provider.open().accessToken }))
    await host.tokens.get(keyOf(0))
    await world.advance(HOUR_MS)
    await expect(world.until(host.tokens.get(keyOf(0)))).rejects.toMatchObject({ code: 'rate_limited' })
    expect((await world.reading(keyOf(0))).status).toBe('active')
    await world.advance(10_500)
    expect(await attemptsOf(world, keyOf(0))).toBe(1)
  })

  test('gives another to the renewal of what was verified and is dead', async () => {
    const world = new RefreshWorld({ mode: 'none', requestsPerSecond: 1 })
    await world.connect()
    const host = world.host()
    const startedAt = world.clock.monotonicMs()
    world.provider.plan(async () => {
      throw refusal('invalid_token')
    })
    await world.until(host.tokens.verify(KEY))
    expect(world.provider.calls).toBe(1)
    expect(world.clock.monotonicMs() - startedAt).toBeGreaterThanOrEqual(1_000)
  })

  test('is kept by the job, which goes on until all are done', async () => {
    const world = await connected(30, { ageMs: NEARLY_DUE_MS, requestsPerSecond: 5 })
    const startedAt = world.clock.monotonicMs()
    const hosts = [world.host('host-1'), world.host('host-2')]
    const results = await world.until(Promise.all(hosts.map(({ job }) => job.run({ concurrency: 10 }))))
    expect(results.reduce((sum, { refreshed }) => sum + refreshed, 0)).toBe(30)
    expect(world.provider.calls).toBe(30)
    expect(world.clock.monotonicMs() - startedAt).toBeGreaterThanOrEqual(29 * 200)
  })

  test('does not keep a run going that has nothing to do, nor from the revocations in the queue', async () => {
    const world = await connected(2, { ageMs: MINUTE_MS, requestsPerSecond: 1 })
    await world.stores.tokens.disconnect(keyOf(1), { queueForRevocation: true })
    const app = { ...appOf(world.provider), requestsPerSecond: 1 }
    for (let turn = 0; turn < 4; turn += 1) await world.stores.apps.takeTurn(app, HOUR_MS)
    expect(await world.host().job.run()).toMatchObject({ total: 0 })
    expect(world.provider.revoked).toHaveLength(1)
  })
})
