import { expect, test } from 'vitest'
import { ProviderRegistry } from '../../src/application/provider-registry.ts'
import { ConnectionStatuses } from '../../src/application/use-cases/connection-statuses.ts'
import { DEFAULT_LABEL, parseTenantId } from '../../src/domain/model/identifiers.ts'
import { DAY_MS } from '../../src/domain/model/time.ts'
import { newGrant } from '../../src/testing/contracts/connection-fixtures.ts'
import {
  FixedClock,
  MemoryDatabase,
  MemoryDueConnections,
  MemoryTokenStore,
} from '../../src/testing/index.ts'
import { ModelProvider } from '../domain/services/model-provider.ts'

const TENANT = parseTenantId('tenant-1')

test('the four platforms come first, then what else is configured, then what else is connected', async () => {
  const clock = new FixedClock()
  const database = new MemoryDatabase({ clock })
  const [tokens, due] = [new MemoryTokenStore(database), new MemoryDueConnections(database)]
  const configured = new ModelProvider({ mode: 'none', clock, traits: { provider: 'pinterest' } })
  const statuses = new ConnectionStatuses({
    tokens,
    due,
    providers: new ProviderRegistry([configured]),
    clock,
  })
  for (const [provider, label] of [
    ['meta', 'default'],
    ['meta', 'second'],
    ['hubspot', 'default'],
  ] as const)
    await tokens.save(newGrant({ tenantId: TENANT, provider, label }))

  const states = await statuses.all(TENANT)
  expect(states.map(({ label, provider, status }) => [provider, label, status])).toEqual([
    ['meta', 'default', 'active'],
    ['google_ads', 'default', 'not_connected'],
    ['tiktok', 'default', 'not_connected'],
    ['klaviyo', 'default', 'not_connected'],
    ['pinterest', 'default', 'not_connected'],
    ['hubspot', 'default', 'active'],
    ['meta', 'second', 'active'],
  ])
})

test('a grant that ends whatever is refreshed is told of two weeks before, and is an issue then', async () => {
  const clock = new FixedClock()
  const database = new MemoryDatabase({ clock })
  const [tokens, due] = [new MemoryTokenStore(database), new MemoryDueConnections(database)]
  const statuses = new ConnectionStatuses({ tokens, due, providers: new ProviderRegistry([]), clock })
  const ends = { refreshExpiresInMs: null, dataAccessExpiresInMs: 90 * DAY_MS }
  const grantExpiresAt = clock.now() + 90 * DAY_MS
  await tokens.save(newGrant({ tenantId: TENANT, provider: 'meta', ...ends }))

  await clock.advance(76 * DAY_MS - 1)
  expect(await statuses.one(TENANT, 'meta', DEFAULT_LABEL)).toMatchObject({
    grantExpiresAt,
    isExpiring: false,
  })
  expect(await statuses.hasIssues(TENANT)).toBe(false)
  await clock.advance(1)
  expect(await statuses.one(TENANT, 'meta', DEFAULT_LABEL)).toMatchObject({
    grantExpiresAt,
    isExpiring: true,
  })
  expect(await statuses.hasIssues(TENANT)).toBe(true)
})
