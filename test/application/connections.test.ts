import { ContainerModule } from 'inversify'
import type { Container } from 'inversify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createIntegrationsContainer, IDS } from '../../src/application/container/index.ts'
import type { ConnectionKey } from '../../src/domain/model/identifiers.ts'
import { DAY_MS, SECOND_MS } from '../../src/domain/model/time.ts'
import type { TokenSet } from '../../src/domain/model/token-set.ts'
import { ProviderFailure } from '../../src/domain/provider-failure.ts'
import { generateEncryptionKey, isIntegrationError } from '../../src/index.ts'
import type { ConnectionEvent } from '../../src/ports/connection-events.ts'
import { appOf } from '../../src/ports/provider-client.ts'
import { FixedClock } from '../../src/testing/index.ts'
import { ModelProvider } from '../domain/services/model-provider.ts'
import { KEY } from '../domain/services/refresh-world.ts'

let clock: FixedClock
let provider: ModelProvider
let container: Container
let events: ConnectionEvent[]
beforeEach(async () => {
  events = []
  clock = new FixedClock()
  provider = new ModelProvider({ mode: 'none', clock })
  container = createIntegrationsContainer(
    {
      database: 'memory',
      encryption: { key: generateEncryptionKey() },
      baseUrl: 'https://app.example.com',
      providers: {},
    },
    {
      clock,
      logger: { log: () => undefined },
      onEvent: (event) => {
        events.push(event)
      },
      modules: [
        new ContainerModule(({ bind }) => {
          bind(IDS.ProviderClient).toConstantValue(provider)
        }),
      ],
    },
  )
  await connect(KEY)
})
/** A person consents (again). */
async function connect(key: ConnectionKey, changes: Partial<TokenSet> = {}): Promise<void> {
  await container.get(IDS.GrantService).connect(provider, {
    key,
    clientId: provider.authorization.clientId,
    requestedScopes: [],
    allowAccountChange: true,
    tokens: { ...provider.open(), ...changes },
    sentAt: clock.monotonicMs(),
  })
}

async function connectMore(count: number): Promise<void> {
  for (let place = 1; place <= count; place += 1) await connect({ ...KEY, label: `more-${place}` })
}

/** The moment, in seconds from now, at which `work` is settled. */
async function secondsOf(work: Promise<unknown>): Promise<number> {
  let isSettled = false
  const settled = work.finally(() => {
    isSettled = true
  })
  for (let seconds = 0; seconds < 200; seconds += 1) {
    await clock.advance(0)
    await clock.advance(0)
    if (isSettled) return settled.then(() => seconds)
    await clock.advance(SECOND_MS)
  }
  return Number.NaN
}

function throttled(retryAfterMs: number): ProviderFailure {
  const facts = { kind: 'rate_limited', delivery: 'answered', providerCode: 'http_429' } as const
  return new ProviderFailure({ ...facts, retryAfterMs })
}

function codeOf(error: unknown): string {
  return isIntegrationError(error) ? error.code : 'unexpected'
}

afterEach(async () => {
  const closed = container.get(IDS.Shutdown).close()
  await clock.advance(200 * SECOND_MS)
  await closed
})

describe('A platform whose revocation hangs', () => {
  /** Gives how many revocations were asked for; each ends after 75 seconds. */
  function hanging(): () => number {
    let asked = 0
    const revoke = provider.revoke.bind(provider)
    provider.revoke = async (credential) => {
      asked += 1
      await clock.delay(75 * SECOND_MS)
      await revoke(credential)
    }
    return () => asked
  }

  test('keeps who disconnects for ten seconds, and is told all the same', async () => {
    hanging()
    const disconnected = container.get(IDS.Connections).disconnect(KEY)
    expect(await secondsOf(disconnected)).toBe(10)
    expect(await disconnected).toBe('queued')
    await clock.advance(75 * SECOND_MS)
    expect(provider.revoked).toEqual(['refresh-1-1'])
    expect(await container.get(IDS.PendingRevocations).claimDue(10, SECOND_MS)).toEqual([])
  })

  test('keeps a process that ends until it was told', async () => {
    hanging()
    await secondsOf(container.get(IDS.Connections).disconnect(KEY))
    const drained = container.get(IDS.BackgroundWork).drain(clock, 100 * SECOND_MS)
    expect(await secondsOf(drained)).toBe(65)
    expect(await drained).toBe(true)
  })

  test('keeps who consents anew for ten seconds', async () => {
    hanging()
    expect(await secondsOf(connect(KEY))).toBe(10)
    await clock.advance(75 * SECOND_MS)
    expect(provider.revoked).toEqual(['refresh-1-1'])
  })

  test('keeps who consents to too little for ten seconds, and is told all the same', async () => {
    hanging()
    provider.examine = async () => ({ grantedScopes: [], missingScopes: ['ads'], accounts: [] })
    const code = connect({ ...KEY, label: 'second' }).catch(codeOf)
    expect(await secondsOf(code)).toBe(10)
    expect(await code).toBe('scope_missing')
    const drained = container.get(IDS.BackgroundWork).drain(clock, 100 * SECOND_MS)
    expect(await secondsOf(drained)).toBe(65)
    expect(provider.revoked).toEqual(['refresh-2-2'])
  })

  test('keeps a tenant that leaves for ten seconds in all, with however many connections', async () => {
    await connectMore(11)
    const asked = hanging()
    const deleted = container.get(IDS.Connections).deleteTenant(KEY.tenantId)
    expect(await secondsOf(deleted)).toBe(10)
    expect(await deleted).toEqual({ connections: 12 })
    expect(asked()).toBe(5)
    await clock.advance(75 * SECOND_MS)
    expect(await container.get(IDS.PendingRevocations).claimDue(50, SECOND_MS)).toHaveLength(7)
  })
})

describe('A tenant with many connections that leaves', () => {
  test('has its platform told of five at a time', async () => {
    await connectMore(11)
    let [atOnce, maxAtOnce] = [0, 0]
    const revoke = provider.revoke.bind(provider)
    provider.revoke = async (credential) => {
      maxAtOnce = Math.max(maxAtOnce, (atOnce += 1))
      await clock.delay(SECOND_MS)
      atOnce -= 1
      await revoke(credential)
    }
    const deleted = container.get(IDS.Connections).deleteTenant(KEY.tenantId)
    expect(await secondsOf(deleted)).toBe(3)
    expect(maxAtOnce).toBe(5)
    expect(provider.revoked).toHaveLength(12)
  })

  test('asks no more of a platform that wants nothing from the app, and leaves it to the queue', async () => {
    await connectMore(11)
    let asked = 0
    provider.revoke = async () => {
      asked += 1
      throw throttled(20 * SECOND_MS)
    }
    expect(await container.get(IDS.Connections).deleteTenant(KEY.tenantId)).toEqual({ connections: 12 })
    expect(asked).toBe(5)
    await clock.advance(20 * SECOND_MS)
    expect(await container.get(IDS.PendingRevocations).claimDue(50, SECOND_MS)).toHaveLength(12)
  })
})

test('every event about a connection names it, from its completion to its revocation', async () => {
  const connections = container.get(IDS.Connections)
  const key = { ...KEY, label: 'second' }
  const accounts = [{ id: 'account-1', isUsable: true }]
  provider.examine = async () => ({ missingScopes: [], accounts })
  const { id: connectionId } = await connections.connectWithApiKey({ key, apiKey: 'key-1' })
  await connections.selectAccount(key, 'account-1')
  await connections.disconnect(key)
  const facts = { at: clock.now(), ...key, connectionId }
  expect(events).toEqual([
    { type: 'connection.completed', ...facts },
    { type: 'connection.account_selected', ...facts },
    { type: 'connection.disconnected', ...facts },
    { type: 'connection.revoked', ...facts },
  ])
})

test('a grant without a refresh token ends with its access token, one that has it when that ends', async () => {
  const lives = { expiresInMs: 60 * DAY_MS, refreshExpiresInMs: 365 * DAY_MS }
  await connect({ ...KEY, label: 'renewed' }, lives)
  const { refreshToken: _none, ...unrenewed } = { ...provider.open(), ...lives }
  await container.get(IDS.GrantService).connect(provider, {
    key: { ...KEY, label: 'unrenewed' },
    clientId: provider.authorization.clientId,
    requestedScopes: [],
    allowAccountChange: false,
    tokens: unrenewed,
    sentAt: clock.monotonicMs(),
  })
  await clock.advance(50 * DAY_MS)
  const { connections } = await container.get(IDS.ConnectionStatuses).needingAttention(10)
  expect(connections.map(({ label, grantExpiresAt }) => [label, grantExpiresAt])).toEqual([
    ['unrenewed', clock.now() + 10 * DAY_MS],
  ])
  const statuses = await container.get(IDS.ConnectionStatuses).all(KEY.tenantId)
  expect(statuses.find(({ label }) => label === 'renewed')).toMatchObject({
    grantExpiresAt: clock.now() + 315 * DAY_MS,
    isExpiring: false,
  })
})

describe('Looking up accounts anew', () => {
  /** Counts the questions from here on; `answer` comes before the platform's own. */
  function examined(answer: () => void = () => undefined): () => number {
    let asked = 0
    const examine = provider.examine.bind(provider)
    provider.examine = async () => {
      asked += 1
      answer()
      return examine()
    }
    return () => asked
  }

  test('asks nothing of a platform that wants nothing from the app, and says when to come back', async () => {
    const asked = examined()
    const app = appOf(provider)
    await container.get(IDS.ProviderApps).suspend(app, { reason: 'rate_limited', forMs: 30 * SECOND_MS })
    await expect(container.get(IDS.Connections).rediscover(KEY)).rejects.toMatchObject({
      code: 'rate_limited',
      retryAt: clock.now() + 30 * SECOND_MS,
    })
    expect(asked()).toBe(0)
    await clock.advance(30 * SECOND_MS)
    await container.get(IDS.Connections).rediscover(KEY)
    expect(asked()).toBe(1)
  })

  test('learns how long access to data lasts now', async () => {
    const examination = await provider.examine()
    provider.examine = async () => ({ ...examination, dataAccessExpiresInMs: 90 * DAY_MS })
    const { dataAccessExpiresAt } = await container.get(IDS.Connections).rediscover(KEY)
    expect(dataAccessExpiresAt).toBe(clock.now() + 90 * DAY_MS)
  })

  test('lets all of the app wait when the platform throttles it', async () => {
    examined(() => {
      throw throttled(20 * SECOND_MS)
    })
    await expect(container.get(IDS.Connections).rediscover(KEY)).rejects.toMatchObject({
      code: 'rate_limited',
    })
    const suspension = await container.get(IDS.ProviderApps).suspensionOf(appOf(provider))
    expect(suspension).toEqual({ reason: 'rate_limited', forMs: 20 * SECOND_MS })
  })
})
