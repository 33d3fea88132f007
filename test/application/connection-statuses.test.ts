import { expect, test } from 'vitest'
import { ProviderRegistry } from '../../src/application/provider-registry.ts'
import { ConnectionStatuses } from '../../src/application/use-cases/connection-statuses.ts'
import { parseTenantId } from '../../src/domain/model/identifiers.ts'
import { newGrant } from '../../src/testing/contracts/connection-fixtures.ts'
import { FixedClock, MemoryDatabase, MemoryTokenStore } from '../../src/testing/index.ts'
import { ModelProvider } from '../domain/services/model-provider.ts'

const TENANT = parseTenantId('tenant-1')

test('the four platforms come first, then what else is configured, then what else is connected', async () => {
  const clock = new FixedClock()
  const tokens = new MemoryTokenStore(new MemoryDatabase({ clock }))
  const configured = new ModelProvider({ mode: 'none', clock, traits: { provider: 'pinterest' } })
  const statuses = new ConnectionStatuses({ tokens, providers: new ProviderRegistry([configured]) })
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
