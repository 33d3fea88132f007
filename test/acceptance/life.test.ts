import { beforeAll, describe, expect, test } from 'vitest'
import { DAY_MS, HOUR_MS } from '../../src/domain/model/time.ts'
import { emulatorKlaviyoKeys } from '../../src/emulator/index.ts'
import {
  connectKlaviyo,
  disconnectKlaviyo,
  getIntegrationStatus,
  getKlaviyoApiKey,
  getKlaviyoConnection,
  hasIntegrationIssues,
  listConnections,
  refreshKlaviyoLists,
  testKlaviyoConnection,
  updateKlaviyoLists,
} from '../../src/index.ts'
import { connect, googleAds, meta, oauthPlatforms, tiktok } from './platforms.ts'
import { codeOf, newTenant, openWorkbench, saying } from './workbench.ts'
import type { Workbench } from './workbench.ts'

const aDate: unknown = expect.any(Date)

let bench: Workbench
beforeAll(async () => {
  bench = await openWorkbench()
  return bench.close
})

describe.each(oauthPlatforms)('$provider', (platform) => {
  const { provider } = platform

  test('several accounts: connected at once, complete once one is chosen', async () => {
    const tenant = newTenant()
    const result = await connect(platform, tenant, { person: 'ada' })
    expect(result).toMatchObject({ connected: true, returnUrl: '/settings', requiresAccountSelection: true })
    expect(result.accounts.length).toBeGreaterThan(1)
    expect(await getIntegrationStatus(tenant, provider)).toMatchObject({
      connected: true,
      status: 'pending_account_selection',
    })
    expect(await hasIntegrationIssues(tenant)).toBe(true)

    const [, second] = result.accounts
    await platform.select(tenant, second?.id ?? '')
    expect(await platform.selected(tenant)).toEqual({ id: second?.id, name: second?.name })
    expect(await getIntegrationStatus(tenant, provider)).toMatchObject({
      status: 'active',
      accountName: second?.name,
      needsReauth: false,
      lastError: null,
      lastSyncAt: aDate,
    })
    expect(await hasIntegrationIssues(tenant)).toBe(false)
    await platform.select(tenant, second?.id ?? '', 'Our own name for it')
    expect(await platform.selected(tenant)).toEqual({ id: second?.id, name: 'Our own name for it' })
  })

  test('one account: chosen by itself, and the token that is served is one that the platform accepts', async () => {
    const tenant = newTenant()
    expect(await connect(platform, tenant)).toMatchObject({ requiresAccountSelection: false })
    expect(await platform.find(tenant)).toMatchObject({
      tenantId: tenant,
      provider,
      label: 'default',
      status: 'active',
    })
    const token = await platform.token(tenant)
    expect(bench.emulator.control.accepts(provider, token)).toBe(true)
    expect(await platform.token(tenant)).toBe(token)
    expect(await platform.needsRefresh(tenant)).toBe(false)
  })

  test('disconnected: no token, no connection, nothing at the platform, and free to connect again', async () => {
    const tenant = newTenant()
    await connect(platform, tenant, { person: 'guest-77' })
    const token = await platform.token(tenant)
    expect(await platform.disconnect(tenant)).toEqual({ revoked: 'at_provider' })
    expect(bench.emulator.control.accepts(provider, token)).toBe(false)
    expect(await codeOf(() => platform.token(tenant))).toBe('not_connected')
    expect(await codeOf(() => platform.disconnect(tenant))).toBe('not_connected')
    expect(await platform.find(tenant)).toBeNull()
    expect(await listConnections(tenant)).toEqual([])
    await connect(platform, tenant, { person: 'guest-78' })
    expect(bench.emulator.control.accepts(provider, await platform.token(tenant))).toBe(true)
  })

  test('labels keep several connections of a tenant apart', async () => {
    const tenant = newTenant()
    await connect(platform, tenant, { person: 'guest-1' })
    await connect(platform, tenant, { person: 'guest-2', label: 'Filiale Süd' })
    const [first, second] = await Promise.all([
      platform.token(tenant),
      platform.token(tenant, { label: 'Filiale Süd' }),
    ])
    expect(first).not.toBe(second)
    expect(await codeOf(() => platform.token(tenant, { label: 'filiale süd' }))).toBe('not_connected')
    await platform.disconnect(tenant)
    expect(await codeOf(() => platform.token(tenant))).toBe('not_connected')
    expect(await platform.token(tenant, { label: 'Filiale Süd' })).toBe(second)
    expect((await listConnections(tenant)).map(({ label }) => label)).toEqual(['Filiale Süd'])
  })
})

describe('A token that ends', () => {
  test('Google Ads: an expired one is refreshed for whoever asks, and the new one works', async () => {
    const tenant = newTenant()
    await connect(googleAds, tenant, { person: 'guest-3' })
    const before = await googleAds.token(tenant)
    await bench.elapse(2 * HOUR_MS)
    expect(await googleAds.needsRefresh(tenant)).toBe(true)
    const after = await googleAds.token(tenant)
    expect(after).not.toBe(before)
    expect(bench.emulator.control.accepts('google_ads', after)).toBe(true)
    expect(await googleAds.needsRefresh(tenant)).toBe(false)
  })

  test('Meta: one in its last week is served, and exchanged for another behind the caller', async () => {
    const tenant = newTenant()
    await connect(meta, tenant, { person: 'guest-4' })
    const before = await meta.token(tenant)
    await bench.elapse(55 * DAY_MS)
    expect(await meta.needsRefresh(tenant)).toBe(true)
    expect(await meta.token(tenant)).toBe(before)
    await expect.poll(() => meta.token(tenant)).not.toBe(before)
    expect(bench.emulator.control.accepts('meta', await meta.token(tenant))).toBe(true)
  })

  test.each([meta, googleAds])(
    '$provider: asked to refresh, it says until when the new one lives',
    async (platform) => {
      const tenant = newTenant()
      await connect(platform, tenant, { person: 'guest-5' })
      const before = await platform.token(tenant)
      const result = await platform.refresh(tenant)
      expect(result).toEqual({ success: true, newExpiresAt: aDate })
      expect(await platform.token(tenant)).not.toBe(before)
      expect((await platform.find(tenant))?.tokenExpiresAt).toEqual(result.newExpiresAt)
    },
  )

  test('TikTok and Klaviyo: nothing to refresh, but they are asked whether the credential lives', async () => {
    const tenant = newTenant()
    await connect(tiktok, tenant)
    await connectKlaviyo({ tenantId: tenant, privateApiKey: emulatorKlaviyoKeys.full })
    expect(await tiktok.refresh(tenant)).toEqual({ success: true })
    expect(await testKlaviyoConnection(tenant)).toEqual({ success: true })
    expect((await tiktok.find(tenant))?.tokenExpiresAt).toBeNull()
  })

  test('a refresh of nothing is a result that says so, not an exception', async () => {
    for (const platform of oauthPlatforms) {
      expect(await platform.refresh(newTenant())).toMatchObject({
        success: false,
        error: { code: 'not_connected', message: saying('connect it first') },
      })
    }
  })

  test('taken back at the platform: one definitive answer, then a person is needed and says why', async () => {
    for (const platform of oauthPlatforms) {
      const tenant = newTenant()
      await connect(platform, tenant, { person: 'guest-6' })
      bench.emulator.control.revokeAtPlatform(platform.provider, 'guest-6')
      expect(await platform.refresh(tenant)).toMatchObject({
        success: false,
        error: { code: 'reauthorization_required' },
      })
      expect(await codeOf(() => platform.token(tenant))).toBe('reauthorization_required')
      expect(await platform.find(tenant)).toMatchObject({
        status: 'needs_reauth',
        needsReauth: true,
        reauthReason: 'revoked_or_expired',
      })
      expect(await hasIntegrationIssues(tenant)).toBe(true)
      await connect(platform, tenant, { person: 'guest-6' })
      expect(bench.emulator.control.accepts(platform.provider, await platform.token(tenant))).toBe(true)
      expect(await hasIntegrationIssues(tenant)).toBe(false)
    }
  })
})

describe('Klaviyo', () => {
  test('lives from key to lists to disconnection', async () => {
    const tenant = newTenant()
    const connected = await connectKlaviyo({ tenantId: tenant, privateApiKey: emulatorKlaviyoKeys.full })
    expect(connected).toMatchObject({ connected: true, companyName: 'Fjord Candles' })
    expect(connected.lists).toHaveLength(25)
    const [email, sms] = connected.lists
    await updateKlaviyoLists(tenant, email?.id ?? null, sms?.id ?? null)
    expect(await getKlaviyoConnection(tenant)).toMatchObject({
      status: 'active',
      companyName: 'Fjord Candles',
      emailListId: email?.id,
      smsListId: sms?.id,
    })
    await updateKlaviyoLists(tenant, null, sms?.id ?? null)
    expect(await getKlaviyoConnection(tenant)).toMatchObject({ emailListId: null, smsListId: sms?.id })
    expect(await refreshKlaviyoLists(tenant)).toEqual(connected.lists)
    expect(await getKlaviyoApiKey(tenant)).toBe(emulatorKlaviyoKeys.full)
    expect(await disconnectKlaviyo(tenant)).toEqual({ revoked: 'local_only' })
    expect(await codeOf(() => getKlaviyoApiKey(tenant))).toBe('not_connected')
    expect(await getKlaviyoConnection(tenant)).toBeNull()
  })
})
