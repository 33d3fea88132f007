import assert from 'node:assert/strict'
import { parseTenantId } from '../../../domain/model/identifiers.ts'
import { claimed, connect, KEY } from '../connection-fixtures.ts'
import type { ConnectionPromises } from '../connection-stores.ts'

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

    const troubled = await stores.due.needingAttention(10)
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
    assert.deepEqual((await stores.due.needingAttention(1)).map(named), ['a meta failing'])
  },
}
