import type { Container } from 'inversify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createIntegrationsContainer, IDS } from '../../src/application/container/index.ts'
import { generateEncryptionKey } from '../../src/index.ts'
import type { TokenStore } from '../../src/ports/token-store.ts'
import { newGrant, TENANT } from '../../src/testing/contracts/connection-fixtures.ts'

let container: Container
let tokens: TokenStore
beforeEach(() => {
  container = createIntegrationsContainer(
    {
      database: 'memory',
      encryption: { key: generateEncryptionKey() },
      baseUrl: 'https://app.example.com',
      providers: { klaviyo: {} },
    },
    { logger: { log: () => undefined } },
  )
  tokens = container.get(IDS.TokenStore)
})
afterEach(() => container.get(IDS.Shutdown).close())

/** Lets a consent land each time that the tenant's connections have been looked at, `times` times. */
function landingAfterLooks(times: number): void {
  const list = tokens.list.bind(tokens)
  let landed = 0
  tokens.list = async (tenantId, filter) => {
    const connections = await list(tenantId, filter)
    landed += 1
    if (landed <= times) await tokens.save(newGrant({ label: `late-${landed}` }))
    return connections
  }
}

test('a consent that lands while its tenant is deleted is revoked like every other', async () => {
  await tokens.save(newGrant())
  landingAfterLooks(2)
  expect(await container.get(IDS.Connections).deleteTenant(TENANT)).toEqual({ connections: 3 })
  expect(await tokens.list(TENANT)).toEqual([])
  expect(await container.get(IDS.PendingRevocations).claimDue(10, 1_000)).toHaveLength(3)
})

test('a tenant for which consents go on arriving is not said to be gone', async () => {
  await tokens.save(newGrant())
  landingAfterLooks(Infinity)
  await expect(container.get(IDS.Connections).deleteTenant(TENANT)).rejects.toMatchObject({
    code: 'stale_connection',
  })
})
