import { describe, expect, test } from 'vitest'
import { generateEncryptionKey } from '../../src/adapters/aes-gcm/index.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import type { ConnectionKey } from '../../src/domain/model/identifiers.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/model/time.ts'
import { consent } from '../../src/emulator/index.ts'
import { FixedClock } from '../../src/testing/fixed-clock.ts'
import type { KmsFault } from '../../src/testing/loopback-kms/start-loopback-kms.ts'
import { encryptedWith, seedTenants, storedUnder } from './keys-fixture.ts'
import type { AppContainer } from './keys-fixture.ts'
import { kmsOfEachTest } from './kms-fixture.ts'
import type { UnderKms } from './kms-fixture.ts'
import { codeOf, KEY, refreshFixture } from './refresh-fixture.ts'

const LOCAL = generateEncryptionKey()
const service = kmsOfEachTest()
const OTHER: ConnectionKey = { ...KEY, label: 'other' }

const ask = (container: AppContainer, key: ConnectionKey): Promise<string> =>
  codeOf(container.get(IDS.AccessTokens).get(key))

async function statuses({ keys, start }: UnderKms): Promise<readonly (string | undefined)[]> {
  const tokens = start().get(IDS.TokenStore)
  return Promise.all(keys.map(async ({ tenantId }) => (await tokens.list(tenantId))[0]?.status))
}

type Outage = readonly [string, () => void, () => void]

const fault = (plan: Omit<KmsFault, 'times'> & { error?: string; reset?: true }): (() => void) => {
  const { error } = plan
  return () => service.kms.plan(error === undefined ? { times: 1_000, reset: true } : { times: 1_000, error })
}
const heal = (): void => service.kms.heal()
const outages: readonly Outage[] = [
  ['throttles', fault({ error: 'ThrottlingException' }), heal],
  ['denies', fault({ error: 'AccessDeniedException' }), heal],
  ['is down', fault({ reset: true }), heal],
  [
    'has its key disabled',
    () => service.kms.disableKey(service.keyArn),
    () => service.kms.enableKey(service.keyArn),
  ],
]

describe('While KMS', () => {
  test.each(outages)(
    '%s, what is known is served, nothing is asked of a provider that could not be kept, and all recovers',
    async (_, breakDown, recover) => {
      const world = await service.underKms(2)
      const { clock, fixture, keys, start } = world
      const [warm, cold] = [start(), start()]
      const [first = KEY, second = KEY] = keys
      expect(await ask(warm, first)).toBe('ok')
      const sealedBefore = await storedUnder(fixture)
      breakDown()

      expect(await ask(warm, first)).toBe('ok')
      await clock.advance(2 * HOUR_MS)
      expect(await ask(warm, second)).toBe('ok')
      expect(await ask(cold, first)).toBe('cipher_unavailable')
      expect(await cold.get(IDS.Readiness).isReady()).toBe(false)
      expect(await warm.get(IDS.Readiness).isReady()).toBe(true)

      await fixture.elapse(HOUR_MS)
      fixture.emulator.control.clearRequests()
      expect(await ask(cold, first)).toBe('cipher_unavailable')
      const due = await cold.get(IDS.RefreshDueConnections).run()
      expect(due.refreshed).toBe(0)
      expect(fixture.emulator.control.requests('standard')).toEqual([])
      expect(await storedUnder(fixture)).toEqual(sealedBefore)
      expect(await statuses(world)).toEqual(['active', 'active'])

      recover()
      await clock.advance(6 * SECOND_MS)
      await fixture.elapse(5 * MINUTE_MS)
      for (const key of keys) expect(await ask(cold, key)).toBe('ok')
      expect(await cold.get(IDS.Readiness).isReady()).toBe(true)
      expect(Object.keys(await storedUnder(fixture)).every((name) => name.startsWith('c1.k.'))).toBe(true)
    },
  )

  test('is down, a cached key still seals what a provider issues, and ends at its hard age', async () => {
    const world = await service.underKms(1)
    const { clock, fixture, keys, start } = world
    const [key = KEY] = keys
    const warm = start()
    expect(await codeOf(warm.get(IDS.AccessTokens).refresh(key))).toBe('ok')
    service.kms.plan({ times: 1_000, reset: true })
    await fixture.elapse(HOUR_MS)
    expect(await ask(warm, key)).toBe('ok')
    expect(fixture.emulator.control.lineages('standard', 'person-0')[0]?.tokenCalls).toBe(2)
    await clock.advance(27 * HOUR_MS)
    expect(await ask(warm, key)).toBe('cipher_unavailable')
    expect(await statuses(world)).toEqual(['active'])
  })
})

describe('A person who comes back while KMS', () => {
  interface Returned {
    readonly callback: URLSearchParams
    /** What became of the authorization at `container`, and how often the platform was asked meanwhile. */
    complete(container: AppContainer): Promise<{ readonly code: string; readonly requests: number }>
  }

  async function comesBack({ fixture }: UnderKms, started: AppContainer): Promise<Returned> {
    const { authUrl } = await started.get(IDS.Connections).start({ key: OTHER, returnUrl: '/settings' })
    const callback = (await consent(authUrl, { person: 'sol' })).searchParams
    const { control } = fixture.emulator
    const complete = async (container: AppContainer): Promise<{ code: string; requests: number }> => {
      control.clearRequests()
      const code = await codeOf(container.get(IDS.Connections).complete('standard', { callback }))
      return { code, requests: control.requests('standard').length }
    }
    return { callback, complete }
  }

  const isStored = async (container: AppContainer): Promise<boolean> =>
    (await container.get(IDS.Connections).get(OTHER)) !== undefined

  test.each(outages)(
    '%s is refused before the code is exchanged where no key is at hand, and connected where one is',
    async (_, breakDown, recover) => {
      const world = await service.underKms(1)
      const { clock, fixture, start } = world
      const [warm, cold] = [start(), start()]
      const [early, late] = [await comesBack(world, warm), await comesBack(world, warm)]
      const before = await storedUnder(fixture)
      breakDown()

      expect(await early.complete(cold)).toEqual({ code: 'cipher_unavailable', requests: 0 })
      expect(await isStored(cold)).toBe(false)
      expect(await storedUnder(fixture)).toEqual(before)
      expect(await statuses(world)).toEqual(['active'])
      expect((await late.complete(warm)).code).toBe('ok')
      expect(Object.keys(await storedUnder(fixture))).toEqual(Object.keys(before))

      recover()
      await clock.advance(6 * SECOND_MS)
      // The state could not even be checked, so it is not used up.
      expect((await early.complete(cold)).code).toBe('ok')
    },
  )

  test.each(outages)(
    "%s is refused before the code is exchanged where only the tenant's key is missing",
    async (_, breakDown, recover) => {
      const world = await service.underKms(1, { partitioning: 'tenant' })
      const { clock, fixture, start } = world
      const app = start()
      const returned = await comesBack(world, app)
      const before = await storedUnder(fixture)
      breakDown()

      expect(await returned.complete(app)).toEqual({ code: 'cipher_unavailable', requests: 0 })
      expect(await isStored(app)).toBe(false)
      expect(await storedUnder(fixture)).toEqual(before)
      expect(await statuses(world)).toEqual(['active'])

      recover()
      await clock.advance(6 * SECOND_MS)
      expect((await returned.complete(app)).code).toBe('state_invalid')
      expect((await (await comesBack(world, app)).complete(app)).code).toBe('ok')
    },
  )
})

describe('An API key that is given while KMS is down', () => {
  test('is not shown to its platform', async () => {
    const fixture = await refreshFixture('single_use')
    const config = encryptedWith(fixture, { kms: service.settings() })
    const app = fixture.process({}, { ...config, providers: { klaviyo: {} } })
    service.kms.plan({ times: 1_000, reset: true })
    const key = { ...KEY, provider: 'klaviyo' }
    const connecting = app.get(IDS.Connections).connectWithApiKey({ key, apiKey: 'pk_1' })
    expect(await codeOf(connecting)).toBe('cipher_unavailable')
  })
})

describe('While KMS is down in the middle of a move to it', () => {
  test('what local keys open is served, and nothing is renewed that could not be sealed', async () => {
    const fixture = await refreshFixture('single_use')
    await fixture.pool.query('TRUNCATE integration_connections')
    const local = { key: LOCAL }
    const [key = KEY] = await seedTenants(fixture, fixture.process({}, encryptedWith(fixture, local)), 1)
    const clock = new FixedClock()
    const moving = fixture.process({ clock }, encryptedWith(fixture, { ...local, kms: service.settings() }))
    service.kms.plan({ times: 1_000, reset: true })
    expect(await ask(moving, key)).toBe('ok')
    await fixture.elapse(HOUR_MS)
    fixture.emulator.control.clearRequests()
    expect(await ask(moving, key)).toBe('cipher_unavailable')
    expect(fixture.emulator.control.requests('standard')).toEqual([])
    service.kms.heal()
    await clock.advance(6 * SECOND_MS)
    await fixture.elapse(5 * MINUTE_MS)
    expect(await ask(moving, key)).toBe('ok')
  })
})
