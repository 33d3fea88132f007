import assert from 'node:assert/strict'
import { parseTenantId } from '../../../domain/model/identifiers.ts'
import { DAY_MS, HOUR_MS } from '../../../domain/model/time.ts'
import { claimed, connect, connectionOf, KEY } from '../connection-fixtures.ts'
import type { ConnectionPromises } from '../connection-stores.ts'

const NOTICE = { maxMs: 14 * DAY_MS, share: 0.25 }

const named = (one: {
  readonly tenantId: string
  readonly provider: string
  readonly label: string
}): string => `${one.tenantId} ${one.provider} ${one.label}`

export const needingAttentionPromises: ConnectionPromises = {
  'names what a person should look at and why, of all tenants in order, and nothing else': async (stores) => {
    const of = (name: string): { tenantId: ReturnType<typeof parseTenantId> } => ({
      tenantId: parseTenantId(name),
    })
    await connect(stores, { ...of('b'), label: 'well' })
    await connect(stores, { ...of('b'), label: 'gone' })
    await stores.tokens.disconnect({ ...KEY, ...of('b'), label: 'gone' }, { queueForRevocation: false })
    await connect(stores, { ...of('b'), label: 'choosing', status: 'pending_account_selection' })
    await connect(stores, { ...of('b'), label: 'condemned' })
    const condemned = await claimed(stores, { ...KEY, ...of('b'), label: 'condemned' })
    await stores.leases.condemn(condemned, 'rotation_lost')
    await connect(stores, { ...of('a'), label: 'failing' })
    const failing = await claimed(stores, { ...KEY, ...of('a'), label: 'failing' })
    await stores.leases.release(failing, { errorCode: 'provider_unavailable' })

    const troubled = await stores.due.needingAttention({ limit: 10, notice: NOTICE })
    assert.deepEqual(troubled.map(named), ['a meta failing', 'b meta choosing', 'b meta condemned'])
    assert.deepEqual(
      troubled.map(({ status, reauthReason }) => [status, reauthReason]),
      [
        ['active', undefined],
        ['pending_account_selection', undefined],
        ['needs_reauth', 'rotation_lost'],
      ],
    )
    assert.equal(troubled[0]?.lastErrorCode, 'provider_unavailable')
    const [first, ...others] = await stores.due.needingAttention({ limit: 1, notice: NOTICE })
    assert.deepEqual([first && named(first), others], ['a meta failing', []])
  },

  'names grants that end soon and when, with what renews the token or with access to data': async (
    stores,
  ) => {
    const lives = { refreshExpiresInMs: null, dataAccessExpiresInMs: null }
    const days = (count: number): number => count * DAY_MS
    await connect(stores, { label: 'data', ...lives, dataAccessExpiresInMs: days(90) })
    await connect(stores, { label: 'data-later', ...lives, dataAccessExpiresInMs: days(91) })
    await connect(stores, { label: 'endless', ...lives })
    await connect(stores, { label: 'refresh', ...lives, refreshExpiresInMs: days(80) })
    await connect(stores, { label: 'both', dataAccessExpiresInMs: days(60), refreshExpiresInMs: days(80) })
    await stores.elapse(days(76) + HOUR_MS)

    const troubled = await stores.due.needingAttention({ limit: 10, notice: NOTICE })
    assert.deepEqual(troubled.map(named), [
      'tenant-a meta both',
      'tenant-a meta data',
      'tenant-a meta refresh',
    ])
    const ends = await Promise.all(
      ['both', 'data', 'refresh'].map((label) => connectionOf(stores, { ...KEY, label })),
    )
    assert.deepEqual(
      troubled.map(({ grantExpiresAt }) => grantExpiresAt),
      [ends[0]?.dataAccessExpiresAt, ends[1]?.dataAccessExpiresAt, ends[2]?.refreshExpiresAt],
    )
  },

  'names a short grant in its last quarter': async (stores) => {
    await connect(stores, { refreshExpiresInMs: 8 * DAY_MS, dataAccessExpiresInMs: null })
    const request = { limit: 10, notice: NOTICE }
    await stores.elapse(6 * DAY_MS - HOUR_MS)
    assert.deepEqual(await stores.due.needingAttention(request), [])
    await stores.elapse(2 * HOUR_MS)
    assert.equal((await stores.due.needingAttention(request)).length, 1)
  },

  'names no end of a grant that has ended already for another reason': async (stores) => {
    await connect(stores, { dataAccessExpiresInMs: DAY_MS })
    await stores.leases.condemn(await claimed(stores), 'revoked_or_expired')
    await stores.elapse(2 * DAY_MS)
    const [condemned] = await stores.due.needingAttention({ limit: 10, notice: NOTICE })
    assert.equal(condemned?.status, 'needs_reauth')
    assert.equal(condemned.grantExpiresAt, undefined)
  },
}
