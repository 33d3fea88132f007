import { beforeAll, describe, expect, test } from 'vitest'
import { HOUR_MS } from '../../src/domain/model/time.ts'
import { emulatorKlaviyoKeys } from '../../src/emulator/index.ts'
import {
  connectKlaviyo,
  deleteTenant,
  getAllIntegrationStatuses,
  listConnections,
  refreshExpiringTokensJob,
  startTokenRefresh,
  withTenant,
} from '../../src/index.ts'
import { connect, googleAds, meta, oauthPlatforms } from './platforms.ts'
import { newTenant, openWorkbench, refusalOf, saying } from './workbench.ts'
import type { Workbench } from './workbench.ts'

let bench: Workbench
beforeAll(async () => {
  bench = await openWorkbench()
  return bench.close
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
    const running = await startTokenRefresh({ everyMs: 1_000 })
    await expect
      .poll(async () => (await googleAds.find(due))?.lastSyncAt?.getTime(), { timeout: 10_000 })
      .toBeGreaterThan((before?.lastSyncAt?.getTime() ?? 0) + 1)
    await running.stop()
    expect(await googleAds.needsRefresh(due)).toBe(false)
    await bench.elapse(HOUR_MS)
    expect(await googleAds.needsRefresh(due)).toBe(true)
  })

  test.each([0, 999, Number.NaN, Infinity, -1, '5000'])(
    'does not run every %j milliseconds: that would be no pause, or no run',
    async (everyMs) => {
      // As a host without types would call.
      const start = (): unknown => Reflect.apply(startTokenRefresh, undefined, [{ everyMs }])
      expect(await refusalOf(start)).toMatchObject({ code: 'config_invalid', message: saying('everyMs') })
    },
  )

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
