import { describe, expect, test } from 'vitest'
import { IDS } from '../../src/application/container/identifiers.ts'
import { cuttableLink } from './cuttable-link.ts'
import { startGrantingPlatform } from './granting-platform.ts'
import type { GrantingPlatform } from './granting-platform.ts'
import { complete, keyOf, newTenant, openWorld, start, storedConnections } from './world.ts'

describe('a grant that cannot be kept is revoked at the platform', () => {
  const reasons: readonly (readonly [string, string, (acme: GrantingPlatform) => void])[] = [
    [
      'it reaches no account',
      'no_ad_accounts',
      (acme) => {
        acme.answer('/me', { body: '{"id":"person-1","accounts":[]}' })
      },
    ],
    [
      'a scope was declined',
      'scope_missing',
      (acme) => {
        acme.answer('/token', {
          body: '{"access_token":"access","refresh_token":"refresh","token_type":"Bearer","scope":"profile"}',
        })
      },
    ],
    [
      'the platform does not say whose it is',
      'provider_unavailable',
      (acme) => {
        acme.answer('/me', { status: 500, body: '{}' })
      },
    ],
    [
      'the platform answers with nonsense',
      'provider_response_invalid',
      (acme) => {
        acme.answer('/me', { body: '[]' })
      },
    ],
  ]

  test.each(reasons)('because %s: %s', async (_why, expected, arrange) => {
    const acme = await startGrantingPlatform()
    arrange(acme)
    const world = await openWorld({ platforms: [acme] })
    const container = world.process()
    const { state } = await start(container, newTenant())

    expect(await complete(container, { code: 'code', state })).toBe(expected)
    expect(acme.exchanges).toHaveLength(1)
    expect(acme.revocations.map(({ parameters }) => parameters.get('token_type_hint'))).toEqual([
      'refresh_token',
    ])
    expect(await storedConnections(world)).toBe(0)
  })

  test('because the database went away between the exchange and the store: store_unavailable', async () => {
    const acme = await startGrantingPlatform()
    const world = await openWorld({ platforms: [acme] })
    const link = await cuttableLink(world.databaseUrl)
    const container = world.process({ database: { connectionString: link.url, maxConnections: 5 } })
    const { state } = await start(container, newTenant())
    acme.answer('/me', () => {
      link.cut()
      return { body: '{"id":"person-1","accounts":[{"id":"1","name":"Main"}]}' }
    })

    expect(await complete(container, { code: 'code', state })).toBe('store_unavailable')
    expect(acme.exchanges).toHaveLength(1)
    expect(acme.revocations.map(({ parameters }) => parameters.get('token'))).toEqual(['refresh-for-code'])
    expect(await storedConnections(world)).toBe(0)
  })

  test('but not one that was stored: where only the acknowledgement was lost it is found, and connected', async () => {
    const acme = await startGrantingPlatform()
    const world = await openWorld({ platforms: [acme] })
    const link = await cuttableLink(world.databaseUrl)
    const container = world.process({ database: { connectionString: link.url, maxConnections: 5 } })
    const tenant = newTenant()
    const { state } = await start(container, tenant)
    link.loseNextAnswer(false)

    expect(await complete(container, { code: 'code', state })).toBe('connected')
    expect(acme.revocations).toHaveLength(0)
    expect((await container.get(IDS.AccessTokens).get(keyOf(tenant))).reveal()).toBe('access-for-code')
  })

  test('but not one of which nobody can say whether it was stored', async () => {
    const acme = await startGrantingPlatform()
    const world = await openWorld({ platforms: [acme] })
    const link = await cuttableLink(world.databaseUrl)
    const container = world.process({ database: { connectionString: link.url, maxConnections: 5 } })
    const tenant = newTenant()
    const { state } = await start(container, tenant)
    link.loseNextAnswer(true)

    expect(await complete(container, { code: 'code', state })).toBe('store_unavailable')
    expect(acme.revocations).toHaveLength(0)
    expect((await world.process().get(IDS.AccessTokens).get(keyOf(tenant))).reveal()).toBe('access-for-code')
  })

  test('later, when the platform cannot be told now', async () => {
    const acme = await startGrantingPlatform()
    acme.answer('/me', { body: '{"id":"person-1","accounts":[]}' })
    acme.answer('/revoke', { status: 503 })
    const world = await openWorld({ platforms: [acme] })
    const container = world.process()
    const { state } = await start(container, newTenant())

    expect(await complete(container, { code: 'code', state })).toBe('no_ad_accounts')
    const { rows } = await world.pool.query<{ text: string }>(
      'SELECT p::text AS text FROM pending_revocations p',
    )
    expect(rows).toHaveLength(1)
    expect(rows[0]?.text).not.toMatch(/access-for|refresh-for/)
  })
})

describe('whose grant it is', () => {
  test('is compared when a connection is renewed: another person needs to be asked for', async () => {
    const acme = await startGrantingPlatform()
    const world = await openWorld({ platforms: [acme] })
    const container = world.process()
    const tenant = newTenant()
    const connect = async (code: string, allowAccountChange = false): Promise<string> => {
      const { state } = await start(container, tenant, { allowAccountChange })
      return complete(container, { code, state })
    }
    expect(await connect('first')).toBe('connected')
    acme.answer('/me', { body: '{"id":"person-2","accounts":[{"id":"2","name":"Other"}]}' })

    expect(await connect('second')).toBe('account_changed')
    expect(acme.revocations.map(({ parameters }) => parameters.get('token'))).toEqual(['refresh-for-second'])
    expect((await container.get(IDS.AccessTokens).get(keyOf(tenant))).reveal()).toBe('access-for-first')
    expect(await connect('third', true)).toBe('connected')
    expect((await container.get(IDS.AccessTokens).get(keyOf(tenant))).reveal()).toBe('access-for-third')
  })

  test('is told apart by platform: the same id at two platforms is two connections', async () => {
    const [acme, borealis] = [await startGrantingPlatform(), await startGrantingPlatform('borealis')]
    const world = await openWorld({ platforms: [acme, borealis] })
    const container = world.process()
    const tenant = newTenant()
    for (const provider of ['acme', 'borealis']) {
      const { state } = await start(container, tenant, { provider })
      expect(await complete(container, { code: provider, state }, { provider })).toBe('connected')
    }
    const connections = await Promise.all(
      ['acme', 'borealis'].map((provider) => container.get(IDS.Connections).get(keyOf(tenant, provider))),
    )

    expect(connections.map((one) => one?.subject)).toEqual([
      expect.objectContaining({ issuer: acme.url, id: 'person-1' }),
      expect.objectContaining({ issuer: borealis.url, id: 'person-1' }),
    ])
  })
})
