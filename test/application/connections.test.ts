import { ContainerModule } from 'inversify'
import type { Container } from 'inversify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createIntegrationsContainer, IDS } from '../../src/application/container/index.ts'
import { SECOND_MS } from '../../src/domain/model/time.ts'
import { ProviderFailure } from '../../src/domain/provider-failure.ts'
import { generateEncryptionKey } from '../../src/index.ts'
import { appOf } from '../../src/ports/provider-client.ts'
import { FixedClock } from '../../src/testing/index.ts'
import { ModelProvider } from '../domain/services/model-provider.ts'
import { KEY } from '../domain/services/refresh-world.ts'

let clock: FixedClock
let provider: ModelProvider
let container: Container
beforeEach(async () => {
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
      modules: [
        new ContainerModule(({ bind }) => {
          bind(IDS.ProviderClient).toConstantValue(provider)
        }),
      ],
    },
  )
  await container.get(IDS.GrantService).connect(provider, {
    key: KEY,
    clientId: provider.authorization.clientId,
    requestedScopes: [],
    allowAccountChange: true,
    tokens: provider.open(),
    sentAt: clock.monotonicMs(),
  })
})
afterEach(async () => {
  const closed = container.get(IDS.Shutdown).close()
  await clock.advance(60 * SECOND_MS)
  await closed
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

  test('lets all of the app wait when the platform throttles it', async () => {
    examined(() => {
      const facts = { kind: 'rate_limited', delivery: 'answered', providerCode: 'http_429' } as const
      throw new ProviderFailure({ ...facts, retryAfterMs: 20 * SECOND_MS })
    })
    await expect(container.get(IDS.Connections).rediscover(KEY)).rejects.toMatchObject({
      code: 'rate_limited',
    })
    const suspension = await container.get(IDS.ProviderApps).suspensionOf(appOf(provider))
    expect(suspension).toEqual({ reason: 'rate_limited', forMs: 20 * SECOND_MS })
  })
})
