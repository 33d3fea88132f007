import { beforeAll, describe, expect, test } from 'vitest'
import { DAY_MS, HOUR_MS } from '../../src/domain/model/time.ts'
import { emulatorKlaviyoKeys } from '../../src/emulator/index.ts'
import {
  connectKlaviyo,
  deleteTenant,
  disconnectKlaviyo,
  getAllIntegrationStatuses,
  getIntegrationStatus,
  getKlaviyoApiKey,
  getKlaviyoConnection,
  hasIntegrationIssues,
  listConnections,
  refreshExpiringTokensJob,
  refreshKlaviyoLists,
  startTokenRefresh,
  testKlaviyoConnection,
  updateKlaviyoLists,
  withTenant,
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

describe('A tenant', () => {
  test('sees one status for each platform, connected or not, and none of them is secret', async () => {
    const tenant = newTenant()
    await connect(meta, tenant)
    await connectKlaviyo({ tenantId: tenant, privateApiKey: emulatorKlaviyoKeys.full })
    const statuses = await getAllIntegrationStatuses(tenant)
    expect(statuses.map(({ provider, connected, status }) => ({ provider, connected, status }))).toEqual([
      { provider: 'meta', connected: true, status: 'active' },
      { provider: 'google_ads', connected: false, status: 'not_connected' },
      { provider: 'tiktok', connected: false, status: 'not_connected' },
      { provider: 'klaviyo', connected: true, status: 'active' },
    ])
    const shown = JSON.stringify([statuses, await listConnections(tenant), await meta.find(tenant)])
    expect(shown).not.toContain(await meta.token(tenant))
    expect(shown).not.toContain(emulatorKlaviyoKeys.full)
  })

  test('that leaves takes every row along and ends its grants, and nobody else loses anything', async () => {
    const [leaving, staying] = [newTenant(), newTenant()]
    const tokens: string[] = []
    for (const [index, platform] of oauthPlatforms.entries()) {
      await connect(platform, leaving, { person: `guest-${20 + index}` })
      await connect(platform, staying, { person: `guest-${30 + index}` })
      tokens.push(await platform.token(leaving))
    }
    await connectKlaviyo({ tenantId: leaving, privateApiKey: emulatorKlaviyoKeys.full })
    expect(await deleteTenant(leaving)).toEqual({ connections: 4 })
    expect(await bench.rowsOf(leaving)).toEqual([])
    expect(tokens.map((token, index) => accepts(index, token))).toEqual([false, false, false])
    for (const [index, platform] of oauthPlatforms.entries()) {
      expect(accepts(index, await platform.token(staying))).toBe(true)
    }
    expect(await deleteTenant(leaving)).toEqual({ connections: 0 })
  })

  test('is set for the queries that the host runs as it, and only for those', async () => {
    const tenant = newTenant()
    await bench.admin.query('CREATE TABLE IF NOT EXISTS notes (tenant_id text, body text)')
    const seen = await withTenant(tenant, async (tx) => {
      await tx.query("INSERT INTO notes VALUES (current_setting('app.tenant_id'), $1)", ['kept'])
      return (await tx.query("SELECT current_setting('app.tenant_id') AS tenant")).rows
    })
    expect(seen).toEqual([{ tenant }])
    const failing = withTenant(tenant, async (tx) => {
      await tx.query("INSERT INTO notes VALUES (current_setting('app.tenant_id'), $1)", ['rolled back'])
      throw new Error('the host changed its mind')
    })
    await expect(failing).rejects.toThrow('the host changed its mind')
    const { rows } = await bench.admin.query('SELECT body FROM notes WHERE tenant_id = $1', [tenant])
    expect(rows).toEqual([{ body: 'kept' }])
  })

  function accepts(index: number, token: string): boolean {
    const platform = oauthPlatforms[index]
    return platform !== undefined && bench.emulator.control.accepts(platform.provider, token)
  }
})

describe('The job', () => {
  test('renews what nears its end, counts it, and leaves the rest alone', async () => {
    await bench.admin.query('DELETE FROM integration_connections')
    const [due, fresh] = [newTenant(), newTenant()]
    await connect(googleAds, due, { person: 'guest-40' })
    await bench.elapse(HOUR_MS)
    await connect(googleAds, fresh, { person: 'guest-41' })
    const before = await googleAds.find(fresh)
    const result = await refreshExpiringTokensJob.handler()
    expect(result).toEqual({ total: 1, refreshed: 1, skipped: 0, failed: 0, errors: [] })
    expect(await googleAds.needsRefresh(due)).toBe(false)
    expect(await googleAds.find(fresh)).toEqual(before)
    expect(await refreshExpiringTokensJob.handler()).toMatchObject({ total: 0 })
  })

  test('runs by itself in this process, until it is stopped', async () => {
    await bench.admin.query('DELETE FROM integration_connections')
    const due = newTenant()
    await connect(googleAds, due, { person: 'guest-44' })
    const before = await googleAds.find(due)
    await bench.elapse(HOUR_MS)
    const running = startTokenRefresh({ everyMs: 50 })
    await expect
      .poll(async () => (await googleAds.find(due))?.lastSyncAt?.getTime(), { timeout: 10_000 })
      .toBeGreaterThan((before?.lastSyncAt?.getTime() ?? 0) + 1)
    await running.stop()
    expect(await googleAds.needsRefresh(due)).toBe(false)
    await bench.elapse(HOUR_MS)
    expect(await googleAds.needsRefresh(due)).toBe(true)
  })

  test('names what fails by tenant and code, and goes on with the others', async () => {
    await bench.admin.query('DELETE FROM integration_connections')
    const [lost, kept] = [newTenant(), newTenant()]
    await connect(googleAds, lost, { person: 'guest-42' })
    await connect(googleAds, kept, { person: 'guest-43' })
    bench.emulator.control.revokeAtPlatform('google_ads', 'guest-42')
    await bench.elapse(HOUR_MS)
    expect(await refreshExpiringTokensJob.handler()).toEqual({
      ...{ total: 2, refreshed: 1, skipped: 0, failed: 1 },
      errors: [
        expect.objectContaining({
          tenantId: lost,
          provider: 'google_ads',
          label: 'default',
          code: 'reauthorization_required',
        }),
      ],
    })
  })
})
