import assert from 'node:assert/strict'
import { parseTenantId } from '../../../domain/model/identifiers.ts'
import { Secret } from '../../../domain/model/secret.ts'
import type { SealContext } from '../../../ports/cipher.ts'
import { CANDIDATE, CONNECTION, STATE, TOKEN, rejectsWith } from './harness.ts'
import type { CipherPromises } from './harness.ts'

/** What a value must not open for, when it was sealed for `CONNECTION`: each differs in one thing. */
const OTHERS: Readonly<Record<string, SealContext>> = {
  'another tenant': { ...CONNECTION, tenantId: parseTenantId('tenant-b') },
  'another provider': { ...CONNECTION, provider: 'tiktok' },
  'another connection': { ...CONNECTION, connectionId: 'connection-2' },
  'another grant': { ...CONNECTION, grantId: 'grant-2' },
  'an older version': { ...CONNECTION, tokenVersion: 2 },
  'a newer version': { ...CONNECTION, tokenVersion: 4 },
  'another field': { ...CONNECTION, field: 'refresh_token' },
  'a candidate': CANDIDATE,
  'a state': STATE,
  'parts that are shifted by a character': {
    ...CONNECTION,
    connectionId: 'connection-',
    grantId: '1grant-1',
  },
}

const otherPlaces: CipherPromises = Object.fromEntries(
  Object.entries(OTHERS).map(([what, context]) => [
    `does not open a connection's value for ${what} (I12 Tenant)`,
    async ({ cipher }) => {
      const sealed = await cipher.seal(new Secret(TOKEN), CONNECTION)
      await rejectsWith('cipher_authentication_failed', cipher.open(sealed, context))
      assert.equal((await cipher.open(sealed, CONNECTION)).reveal(), TOKEN)
    },
  ]),
)

export const contextPromises: CipherPromises = {
  ...otherPlaces,

  'does not open a state for another state or provider': async ({ cipher }) => {
    const sealed = await cipher.seal(new Secret(TOKEN), STATE)
    await rejectsWith('cipher_authentication_failed', cipher.open(sealed, { ...STATE, stateHash: 'hash-2' }))
    await rejectsWith('cipher_authentication_failed', cipher.open(sealed, { ...STATE, provider: 'tiktok' }))
  },

  'tells tenants apart that only look alike': async ({ cipher }) => {
    const tenants = ['é', 'e\u0301', 'a:b', 'a', 'A', 'a ', '漢'.repeat(255)].map(parseTenantId)
    for (const [index, tenantId] of tenants.entries()) {
      const sealed = await cipher.seal(new Secret(TOKEN), { ...CONNECTION, tenantId })
      for (const [other, otherId] of tenants.entries()) {
        const opening = cipher.open(sealed, { ...CONNECTION, tenantId: otherId })
        if (other === index) assert.equal((await opening).reveal(), TOKEN)
        else await rejectsWith('cipher_authentication_failed', opening)
      }
    }
  },

  'refuses ids that are not well-formed text, which would encode alike': async ({ cipher }) => {
    const context = { ...CONNECTION, grantId: 'grant-\ud800' }
    await rejectsWith('config_invalid', cipher.seal(new Secret(TOKEN), context))
  },
}
