import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOUR_MS } from '../../src/domain/model/time.ts'
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
  refreshKlaviyoLists,
  testKlaviyoConnection,
  updateKlaviyoLists,
  withTenant,
} from '../../src/index.ts'
import { authorize, connect, googleAds, meta, oauthPlatforms } from '../acceptance/platforms.ts'
import { codeOf, newTenant, openWorkbench } from '../acceptance/workbench.ts'
import type { Workbench } from '../acceptance/workbench.ts'
import { migratedAs } from '../adapters/postgres/logins.ts'
import type { LoginKind, MigratedAs } from '../adapters/postgres/logins.ts'

const kinds: readonly LoginKind[] = ['a superuser', 'the owner of the tables', 'a login that was granted']

describe.each(kinds)('One tenant, logged in as %s', (kind) => {
  let database: MigratedAs
  let bench: Workbench
  const [owner, stranger] = [newTenant(), newTenant()]

  beforeAll(async () => {
    database = await migratedAs(kind)
    const adminUrl = new URL(database.url)
    const superuser = await database.admin.query('SELECT current_user AS name')
    adminUrl.username = String(superuser.rows[0]?.['name'])
    adminUrl.password = ''
    const login = { databaseUrl: database.url, adminUrl: adminUrl.href }
    bench = await openWorkbench({ login })
    for (const platform of oauthPlatforms) await connect(platform, owner, { person: 'ada' })
    await connectKlaviyo({ tenantId: owner, privateApiKey: emulatorKlaviyoKeys.full })
  })
  afterAll(async () => {
    await bench.close()
    await database.close()
  })

  test('every function answers a stranger with another tenant’s connections as if there were none', async () => {
    const before = await bench.rowsOf(owner)
    expect(before).toHaveLength(4)
    expect(await everyAnswer(stranger)).toEqual(await everyAnswer(newTenant()))
    for (const { code } of (await everyAnswer(stranger)).refusals) expect(code).toBe('not_connected')
    expect(await deleteTenant(stranger)).toEqual({ connections: 0 })
    expect(await bench.rowsOf(owner)).toEqual(before)
  })

  test('the host’s own queries see the rows of the tenant they run as, and none without one', async () => {
    const seen = (tenantId: string): Promise<unknown> =>
      withTenant(tenantId, async (tx) => {
        if (kind === 'a superuser') await tx.query('SET LOCAL ROLE integrations_app')
        const { rows } = await tx.query('SELECT DISTINCT tenant_id FROM integration_connections')
        return rows
      })
    expect(await seen(owner)).toEqual([{ tenant_id: owner }])
    expect(await seen(stranger)).toEqual([])
    const client = await database.pool.connect()
    try {
      await client.query(kind === 'a superuser' ? 'BEGIN; SET LOCAL ROLE integrations_app' : 'BEGIN')
      for (const table of ['integration_connections', 'meta_ad_connections', 'pending_revocations']) {
        expect((await client.query(`SELECT tenant_id FROM ${table}`)).rows).toEqual([])
      }
    } finally {
      await client.query('ROLLBACK')
      client.release()
    }
  })

  test('a callback is stored under the tenant that started, whatever else it says', async () => {
    const tenantId = newTenant()
    const callback = await authorize(meta, tenantId, { person: 'guest-1' })
    for (const name of ['tenant', 'tenantId', 'tenant_id', 'label']) callback.set(name, owner)
    await meta.complete(callback)
    expect(await codeOf(() => meta.token(tenantId))).toBe('ok')
    expect((await listConnections(owner)).map(({ label }) => label)).toEqual([
      'default',
      'default',
      'default',
      'default',
    ])
  })

  test('two tenants at once, interleaved, each get their own token every time', async () => {
    const tenants = [newTenant(), newTenant(), newTenant()]
    const own = new Map<string, string>()
    for (const [index, tenantId] of tenants.entries()) {
      await connect(googleAds, tenantId, { person: `guest-${index}` })
      own.set(tenantId, await googleAds.token(tenantId))
    }
    const asked = Array.from({ length: 600 }, (_, index) => tenants[index % 3] ?? '')
    const served = await Promise.all(asked.map((tenantId) => googleAds.token(tenantId)))
    expect(served).toEqual(asked.map((tenantId) => own.get(tenantId)))
  })

  test('two tenants with the same person at the same moment each refresh their own grant', async () => {
    const tenants = [newTenant(), newTenant()]
    for (const tenantId of tenants) await connect(googleAds, tenantId, { person: 'guest-9' })
    await bench.elapse(2 * HOUR_MS)
    const [first, second] = await Promise.all(tenants.map((tenantId) => googleAds.token(tenantId)))
    const lineages = bench.emulator.control.lineages('google_ads', 'guest-9')
    expect(lineages.map(({ tokenCalls }) => tokenCalls)).toEqual([1, 1])
    expect(lineages[0]?.liveAccessTokens).toContain(first)
    expect(lineages[1]?.liveAccessTokens).toContain(second)
  })
})

describe('One tenant, by its exact id', () => {
  let bench: Workbench
  beforeAll(async () => {
    bench = await openWorkbench()
    return bench.close
  })

  const odd = [
    ...['a', 'A', 'a ', ' a', 'a:b', 'a', 'a:', ':a', 'b', 'a/b', 'a%3Ab', 'a{b}', '*', '%', '_', '?'],
    ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null', 'undefined', '0', '00', 'NaN'],
    ...[
      'caf\u00e9',
      'cafe\u0301',
      '\u0430',
      '\ufeffa',
      'a\u200b',
      'ß',
      'SS',
      'İ',
      'i',
      '𝒶',
      '😀',
      "a'b",
      'a"b',
      'a\\b',
    ],
    ...['x'.repeat(255), 'x'.repeat(254), `${'x'.repeat(254)}y`, '$1', 'default', 'meta', '-', '.', '..'],
  ]
  const ids = [...new Set(odd)]

  test('ids that look alike, or look like code, never meet', async () => {
    const own = new Map<string, string>()
    for (const [index, tenantId] of ids.entries()) {
      await connect(meta, tenantId, { person: `guest-${index + 1}` })
      own.set(tenantId, await meta.token(tenantId))
    }
    expect(new Set(own.values()).size).toBe(ids.length)
    for (const tenantId of ids) {
      expect(await meta.token(tenantId)).toBe(own.get(tenantId))
      expect((await listConnections(tenantId)).map((each) => each.tenantId)).toEqual([tenantId])
    }
    for (const [index, tenantId] of ids.entries()) {
      if (index % 2 === 0) await deleteTenant(tenantId)
    }
    for (const [index, tenantId] of ids.entries()) {
      expect(await codeOf(() => meta.token(tenantId))).toBe(index % 2 === 0 ? 'not_connected' : 'ok')
    }
  })

  test('a tenant and a label that read the same when put together are two', async () => {
    await connect(googleAds, 'p:q', { person: 'guest-201', label: 'r' })
    await connect(googleAds, 'p', { person: 'guest-202', label: 'q:r' })
    const [first, second] = await Promise.all([
      googleAds.token('p:q', { label: 'r' }),
      googleAds.token('p', { label: 'q:r' }),
    ])
    expect(first).not.toBe(second)
    expect(await codeOf(() => googleAds.token('p', { label: 'r' }))).toBe('not_connected')
    expect(await codeOf(() => googleAds.token('p:q', { label: 'q:r' }))).toBe('not_connected')
  })
})

interface ErrorShape {
  readonly code: string
  readonly message: string
  readonly name: string
}

/** What every public function tells this tenant about itself. */
async function everyAnswer(tenantId: string): Promise<{
  readonly refusals: readonly ErrorShape[]
  readonly answers: readonly unknown[]
}> {
  const refused: (() => Promise<unknown>)[] = [
    ...oauthPlatforms.flatMap((platform) => [
      () => platform.token(tenantId),
      () => platform.needsRefresh(tenantId),
      () => platform.select(tenantId, 'act_1'),
      () => platform.disconnect(tenantId),
    ]),
    () => getKlaviyoApiKey(tenantId),
    () => refreshKlaviyoLists(tenantId),
    () => updateKlaviyoLists(tenantId, null, null),
    () => disconnectKlaviyo(tenantId),
  ]
  const answered: (() => Promise<unknown>)[] = [
    ...oauthPlatforms.flatMap((platform) => [
      () => platform.find(tenantId),
      () => platform.refresh(tenantId),
      () => getIntegrationStatus(tenantId, platform.provider),
    ]),
    () => getKlaviyoConnection(tenantId),
    () => testKlaviyoConnection(tenantId),
    () => getAllIntegrationStatuses(tenantId),
    () => hasIntegrationIssues(tenantId),
    () => listConnections(tenantId),
  ]
  return {
    refusals: await Promise.all(refused.map(shapeOf)),
    answers: await Promise.all(answered.map((ask) => ask())),
  }
}

/** All of an error that a caller can see, but for where it was thrown. */
async function shapeOf(work: () => Promise<unknown>): Promise<ErrorShape> {
  try {
    await work()
  } catch (error) {
    if (error instanceof Error && 'code' in error) {
      return { ...error, name: error.name, message: error.message, code: String(error.code) }
    }
    throw error
  }
  return { code: 'ok', message: '', name: '' }
}
