import { describe, expect, test } from 'vitest'
import { StoreUnavailableError } from '../../../src/domain/errors.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/domain/model/time.ts'
import { Secret } from '../../../src/domain/model/secret.ts'
import type { TokenSet } from '../../../src/domain/model/token-set.ts'
import { ProviderFailure } from '../../../src/domain/provider-failure.ts'
import { asSealed } from '../../../src/ports/cipher.ts'
import { appOf } from '../../../src/ports/provider-client.ts'
import type { RevocationResult } from '../../../src/domain/services/revocation-service.ts'
import { KEY, RefreshWorld } from './refresh-world.ts'

type Facts = ConstructorParameters<typeof ProviderFailure>[0]

const throttled = (retryAfterMs: number): Facts => ({
  kind: 'rate_limited',
  delivery: 'answered',
  providerCode: 'http_429',
  retryAfterMs,
})

const refused = (kind: Facts['kind'], providerCode: string): Facts => ({
  kind,
  delivery: 'answered',
  providerCode,
})

interface Disconnected {
  readonly world: RefreshWorld
  /** Tries the revocation that was queued, and says what became of it. */
  attempt(): Promise<RevocationResult>
  /** Whether the job would find it due. */
  isDue(): Promise<boolean>
}

/** A connection that has gone, whose platform answers its revocation with `failures` first. */
async function disconnected(...failures: readonly Facts[]): Promise<Disconnected> {
  const world = new RefreshWorld()
  await world.connect()
  const revoke = world.provider.revoke.bind(world.provider)
  const left = [...failures]
  world.provider.revoke = async (credential) => {
    const failure = left.shift()
    if (failure !== undefined) throw new ProviderFailure(failure)
    await revoke(credential)
  }
  const id = (await world.stores.tokens.disconnect(KEY, { queueForRevocation: true }))?.revocation ?? ''
  return {
    world,
    attempt: () => world.host().revocations.attempt(world.provider, KEY.tenantId, id),
    isDue: async () => (await world.stores.revocations.claimDue(10, 0)).length === 1,
  }
}

describe('A revocation that the platform refuses', () => {
  test.each([
    ['permission', 'access_denied'],
    ['misconfigured', 'unsupported_token_type'],
  ] as const)('for good (%s, %s) is given up', async (kind, providerCode) => {
    const { attempt, world } = await disconnected(refused(kind, providerCode))
    expect(await attempt()).toBe('local_only')
    await world.advance(30 * DAY_MS)
    expect(await world.stores.revocations.claimDue(10, MINUTE_MS)).toEqual([])
  })

  test.each(['invalid_client', 'unauthorized_client', 'invalid_request', 'http_401'])(
    'for a fault of the app (%s) stays queued, and is done when that is mended',
    async (providerCode) => {
      const { attempt, isDue, world } = await disconnected(refused('misconfigured', providerCode))
      expect(await attempt()).toBe('queued')
      await world.advance(5 * MINUTE_MS)
      expect(await isDue()).toBe(true)
      expect(await attempt()).toBe('at_provider')
      expect(world.provider.revoked).toEqual(['refresh-1-1'])
    },
  )
})

describe('A revocation of what an earlier client id was given', () => {
  test.each(['invalid_client', 'unauthorized_client'])(
    'is tried again after a day where the present one is refused it (%s)',
    async (providerCode) => {
      const { attempt, isDue, world } = await disconnected(refused('misconfigured', providerCode))
      Object.assign(world.provider.authorization, { clientId: 'client-2' })
      expect(await attempt()).toBe('queued')
      await world.advance(DAY_MS - 1)
      expect(await isDue()).toBe(false)
      await world.advance(1)
      expect(await isDue()).toBe(true)
      expect(await attempt()).toBe('at_provider')
    },
  )

  test('is tried again as soon as any other where the platform has a bad minute', async () => {
    const { attempt, isDue, world } = await disconnected(refused('transient', 'http_503'))
    Object.assign(world.provider.authorization, { clientId: 'client-2' })
    expect(await attempt()).toBe('queued')
    await world.advance(5 * MINUTE_MS)
    expect(await isDue()).toBe(true)
  })
})

describe('A revocation that the platform wants later', () => {
  test.each([
    ['a moment', 30 * SECOND_MS, 30 * SECOND_MS],
    ['no time at all', 0, SECOND_MS],
    ['a time that is over', -DAY_MS, SECOND_MS],
    ['thirty years', 10 ** 12, HOUR_MS],
    ['nonsense', Number.NaN, 5 * MINUTE_MS],
  ])('is tried again after %s, between a second and an hour', async (_name, retryAfterMs, waitMs) => {
    const { attempt, isDue, world } = await disconnected(throttled(retryAfterMs))
    expect(await attempt()).toBe('queued')
    await world.advance(waitMs - 1)
    expect(await isDue()).toBe(false)
    await world.advance(1)
    expect(await isDue()).toBe(true)
    expect(await attempt()).toBe('at_provider')
  })
})

describe('A revocation for an app that has to wait', () => {
  test('is not sent before the suspension is over, and then by the job', async () => {
    const { attempt, world } = await disconnected()
    await world.stores.apps.suspend(appOf(world.provider), { reason: 'misconfigured', forMs: 30 * SECOND_MS })
    expect(await attempt()).toBe('queued')
    await world.advance(30 * SECOND_MS - 1)
    await world.until(world.host().job.run())
    expect(world.provider.revoked).toEqual([])
    await world.advance(1)
    await world.until(world.host().job.run())
    expect(world.provider.revoked).toEqual(['refresh-1-1'])
  })

  /** A grant could not be kept while the app was suspended for a minute. */
  async function orphaned(world: RefreshWorld): Promise<void> {
    const host = world.host()
    const app = appOf(world.provider)
    await host.pacing.suspend(app, { reason: 'rate_limited', forMs: MINUTE_MS })
    const orphan = { key: KEY, clientId: app.clientId, tokens: world.provider.open(), subject: undefined }
    await host.revocations.revokeOrphan(world.provider, orphan)
  }

  test('of a grant that could not be kept goes to the queue', async () => {
    const world = new RefreshWorld()
    await orphaned(world)
    expect(world.provider.revoked).toEqual([])
    await world.advance(MINUTE_MS)
    await world.until(world.host().job.run())
    expect(world.provider.revoked).toEqual(['refresh-1-1'])
  })

  test('of a grant that could not be kept is sent all the same where it cannot be queued', async () => {
    const world = new RefreshWorld()
    world.stores.revocations.add = async () => {
      throw new StoreUnavailableError('The database')
    }
    await orphaned(world)
    expect(world.provider.revoked).toEqual(['refresh-1-1'])
  })

  test('may be what the platform said so to: all of the app waits for as long', async () => {
    const { attempt, world } = await disconnected(throttled(30 * SECOND_MS))
    await attempt()
    const suspension = await world.stores.apps.suspensionOf(appOf(world.provider))
    expect(suspension).toEqual({ reason: 'rate_limited', forMs: 30 * SECOND_MS })
  })

  test.each(['invalid_client', 'unsupported_token_type'])(
    'suspends nothing for an answer (%s) that need not concern a renewal',
    async (providerCode) => {
      const { attempt, world } = await disconnected(refused('misconfigured', providerCode))
      await attempt()
      expect(await world.stores.apps.suspensionOf(appOf(world.provider))).toBeUndefined()
    },
  )
})

describe('A platform that answers a new consent with the token that it gave before', () => {
  /** Connected twice, the second time with `again` of the first answer. */
  async function connectedTwice(again: (tokens: TokenSet) => TokenSet): Promise<RefreshWorld> {
    const world = new RefreshWorld()
    const open = world.provider.open.bind(world.provider)
    const first = open()
    const answers = [first, again(first)]
    world.provider.open = () => answers.shift() ?? open()
    await world.connect()
    await world.connect()
    return world
  }

  test.each<[string, (tokens: TokenSet) => TokenSet]>([
    ['both', (tokens) => tokens],
    ['the refresh token', (tokens) => ({ ...tokens, accessToken: new Secret('another') })],
    ['the access token', (tokens) => ({ ...tokens, refreshToken: new Secret('another') })],
  ])('keeps %s: the new connection lives on it', async (_name, again) => {
    const world = await connectedTwice(again)
    await world.advance(HOUR_MS)
    await world.until(world.host().job.run())
    expect(world.provider.revoked).toEqual([])
  })

  test('ends it when the connection that lives on it is disconnected', async () => {
    const world = await connectedTwice((tokens) => tokens)
    const ended = await world.stores.tokens.disconnect(KEY, { queueForRevocation: true })
    const id = ended?.revocation ?? ''
    expect(await world.host().revocations.attempt(world.provider, KEY.tenantId, id)).toBe('at_provider')
    expect(world.provider.revoked).toEqual(['refresh-1-1'])
  })

  test('keeps it when the new consent cannot be kept', async () => {
    const world = new RefreshWorld()
    const tokens = world.provider.open()
    world.provider.open = () => tokens
    await world.connect()
    const orphan = { key: KEY, clientId: 'client-1', tokens, subject: undefined }
    await world.host().revocations.revokeOrphan(world.provider, orphan)
    expect(world.provider.revoked).toEqual([])
  })

  test('keeps a token that the new connection was refreshed away from before anybody could tell', async () => {
    const world = new RefreshWorld()
    const tokens = world.provider.open()
    world.provider.open = () => tokens
    await world.connect()
    const { read } = world.stores.sealedValues
    world.stores.sealedValues.read = () => Promise.reject(new StoreUnavailableError('The database'))
    await world.connect()
    await world.expire()
    const refreshed = await world.until(world.host().tokens.get(KEY))
    expect(refreshed.equals(tokens.accessToken)).toBe(false)
    world.stores.sealedValues.read = (ref) => read.call(world.stores.sealedValues, ref)
    await world.advance(5 * MINUTE_MS)
    await world.until(world.host().job.run())
    expect(world.provider.revoked).toEqual([])
  })

  test('has its first token ended all the same where the connection’s own is damaged', async () => {
    const world = new RefreshWorld()
    await world.connect()
    const ended = await world.stores.tokens.disconnect(KEY, { queueForRevocation: true })
    await world.connect()
    const { read } = world.stores.sealedValues
    world.stores.sealedValues.read = async (ref) => {
      const row = await read.call(world.stores.sealedValues, ref)
      return row && { ...row, secrets: { accessToken: asSealed('c1.a.damaged'), candidates: [] } }
    }
    const id = ended?.revocation ?? ''
    expect(await world.host().revocations.attempt(world.provider, KEY.tenantId, id)).toBe('at_provider')
    expect(world.provider.revoked).toEqual(['refresh-1-1'])
  })

  test('has an orphan queued where nobody can tell, and ended where it cannot be queued', async () => {
    for (const canQueue of [true, false]) {
      const world = new RefreshWorld()
      await world.connect()
      world.stores.sealedValues.read = () => Promise.reject(new StoreUnavailableError('The database'))
      if (!canQueue)
        world.stores.revocations.add = () => Promise.reject(new StoreUnavailableError('The database'))
      const orphan = { key: KEY, clientId: 'client-1', tokens: world.provider.open(), subject: undefined }
      await world.host().revocations.revokeOrphan(world.provider, orphan)
      expect(world.provider.revoked).toEqual(canQueue ? [] : ['refresh-2-2'])
    }
  })

  test('has a late token ended though all of the database is away', async () => {
    const world = new RefreshWorld()
    await world.connect()
    const ended = await world.stores.tokens.disconnect(KEY, { queueForRevocation: true })
    const grant = await world.stores.revocations.read(KEY.tenantId, ended?.revocation ?? '')
    const away = (): Promise<never> => Promise.reject(new StoreUnavailableError('The database'))
    world.stores.revocations.add = away
    world.stores.tokens.read = away
    if (grant !== undefined) await world.host().revocations.revokeLate(world.provider, grant)
    expect(world.provider.revoked).toEqual(['refresh-1-1'])
  })

  test('is asked to end nothing while nobody can tell what the connection lives on', async () => {
    const world = new RefreshWorld()
    await world.connect()
    const read = world.stores.sealedValues.read.bind(world.stores.sealedValues)
    world.stores.sealedValues.read = () => Promise.reject(new StoreUnavailableError('The database'))
    await world.connect()
    expect(world.provider.revoked).toEqual([])
    world.stores.sealedValues.read = read
    await world.advance(5 * MINUTE_MS)
    await world.until(world.host().job.run())
    expect(world.provider.revoked).toEqual(['refresh-1-1'])
  })
})
