import { beforeAll, describe, expect, test } from 'vitest'
import { consent, emulatorKlaviyoKeys } from '../../src/emulator/index.ts'
import {
  connectKlaviyo,
  disconnectKlaviyo,
  getIntegrationStatus,
  getKlaviyoApiKey,
  getKlaviyoConnection,
  listConnections,
  refreshKlaviyoLists,
  testKlaviyoConnection,
  updateKlaviyoLists,
} from '../../src/index.ts'
import { authorize, connect, oauthPlatforms } from './platforms.ts'
import { codeOf, newTenant, openWorkbench } from './workbench.ts'

beforeAll(async () => {
  const bench = await openWorkbench()
  return bench.close
})

/** What a browser may post to a host that passes its request on whole, and what no root function has a word for. */
function posted(victim: string): Readonly<Record<string, unknown>> {
  const key = { tenantId: victim, provider: 'meta', label: 'default' }
  return {
    ...{ key, which: key, connection: key, received: key },
    callback: { code: 'of somebody else', state: 'of somebody else' },
    ...{ provider: 'meta', providerName: 'meta', client: { traits: { provider: 'meta' } } },
    ...{ clientId: 'other', redirectUri: 'https://evil.example/', scopes: ['everything'] },
    ...{ codeVerifier: 'known', initiatorHash: 'known', browserHash: 'known', state: 'known' },
    ...{
      apiKey: 'pk_other',
      accessToken: 'other',
      tokens: { accessToken: 'other' },
      accounts: [],
      id: 'other',
    },
  }
}

describe('Members that no function knows', () => {
  test.each(oauthPlatforms)('$provider: change neither who connects nor to what', async (platform) => {
    const [own, victim] = [newTenant(), newTenant()]
    const request = { ...posted(victim), tenantId: own, returnUrl: '/settings' }
    const { authUrl, state } = await platform.start(request)
    const answered = Object.fromEntries((await consent(authUrl, { person: 'sol' })).searchParams)
    expect(answered['state']).toBe(state)

    const completed = await platform.complete({ ...posted(victim), ...answered })

    expect(completed).toMatchObject({ connected: true, returnUrl: '/settings' })
    expect(await listConnections(victim)).toEqual([])
    expect(await listConnections(own)).toMatchObject([
      { tenantId: own, provider: platform.provider, label: 'default' },
    ])
  })

  test.each(oauthPlatforms)('$provider: a `callback` beside code and state is not read', async (platform) => {
    const tenantId = newTenant()
    const callback = Object.fromEntries(await authorize(platform, tenantId, { person: 'sol' }))
    const request = { code: 'nothing', state: 'nothing', callback }
    expect(await codeOf(() => platform.complete(request))).toBe('state_invalid')
    expect(await listConnections(tenantId)).toEqual([])
  })

  test.each(oauthPlatforms)('$provider: name no other connection than the label does', async (platform) => {
    const [own, other] = [newTenant(), newTenant()]
    await connect(platform, own, { person: 'sol', label: 'shop' })
    await connect(platform, other, { person: 'sol', label: 'shop' })
    const which = { ...posted(other), tenantId: other, label: 'shop' }

    const found = await platform.find(own, which)
    expect(found).toMatchObject({ tenantId: own, provider: platform.provider, label: 'shop' })
    expect(await platform.token(own, which)).not.toBe(await platform.token(other, { label: 'shop' }))
    expect(await platform.refresh(own, which)).toMatchObject({ success: true })
    expect(await platform.needsRefresh(own, which)).toBe(false)
    const { id } = await platform.selected(own, which)
    await platform.select(own, id ?? '', 'Ours', which)
    expect(await platform.selected(own, which)).toEqual({ id, name: 'Ours' })
    expect((await platform.selected(other, { label: 'shop' })).name).not.toBe('Ours')
    expect(await getIntegrationStatus(own, platform.provider, which)).toMatchObject({ connected: true })
    await platform.disconnect(own, which)

    expect(await listConnections(own)).toEqual([])
    expect(await listConnections(other)).toMatchObject([{ tenantId: other, label: 'shop' }])
  })

  test('klaviyo: neither connect another tenant nor reach one', async () => {
    const [own, victim] = [newTenant(), newTenant()]
    const { full, many } = emulatorKlaviyoKeys
    await connectKlaviyo({ ...posted(victim), tenantId: own, privateApiKey: full })
    expect(await listConnections(victim)).toEqual([])
    await connectKlaviyo({ tenantId: victim, privateApiKey: many })
    const which = { ...posted(victim), tenantId: victim, label: 'default' }

    expect(await getKlaviyoApiKey(own, which)).toBe(full)
    expect(await testKlaviyoConnection(own, which)).toEqual({ success: true })
    const [list] = await refreshKlaviyoLists(own, which)
    await updateKlaviyoLists(own, list?.id ?? '', null, which)
    const found = await getKlaviyoConnection(own, which)
    expect(found).toMatchObject({ tenantId: own, emailListId: list?.id })
    await disconnectKlaviyo(own, which)

    expect(await getKlaviyoApiKey(victim)).toBe(many)
  })
})
