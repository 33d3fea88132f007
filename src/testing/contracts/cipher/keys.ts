import assert from 'node:assert/strict'
import { parseTenantId } from '../../../domain/model/identifiers.ts'
import { Secret } from '../../../domain/model/secret.ts'
import { asSealed } from '../../../ports/cipher.ts'
import { CONNECTION, TOKEN, bodyOf, refusal, rejectsWith, roundTrip } from './harness.ts'
import type { CipherPromises } from './harness.ts'

export const keyPromises: CipherPromises = {
  "does not open a value of somebody else's keys": async (harness) => {
    const { cipher } = harness
    const other = await harness.stranger()
    const sealed = await other.seal(new Secret(TOKEN), CONNECTION)
    await assert.rejects(cipher.open(sealed, CONNECTION), refusal)
    const reversed = await cipher.seal(new Secret(TOKEN), CONNECTION)
    await assert.rejects(other.open(reversed, CONNECTION), refusal)
  },

  'opens after a rotation what was sealed before it, and seals under the new key': async (harness) => {
    const before = await harness.cipher.seal(new Secret(TOKEN), CONNECTION)
    const rotated = await harness.rotated()
    assert.equal((await rotated.open(before, CONNECTION)).reveal(), TOKEN)
    const after = await rotated.seal(new Secret(TOKEN), CONNECTION)
    assert.notEqual(after.slice(0, 28), before.slice(0, 28))
    assert.equal((await rotated.open(after, CONNECTION)).reveal(), TOKEN)
    await rejectsWith(
      'cipher_authentication_failed',
      rotated.open(before, { ...CONNECTION, tokenVersion: 4 }),
    )
  },

  'does not open a value that names another of its keys than the one it was sealed under': async (
    harness,
  ) => {
    const before = await harness.cipher.seal(new Secret(TOKEN), CONNECTION)
    const rotated = await harness.rotated()
    const after = await rotated.seal(new Secret(TOKEN), CONNECTION)
    const [oldHeader, newHeader] = [before.slice(0, 28), after.slice(0, 28)]
    for (const swapped of [newHeader + bodyOf(before), oldHeader + bodyOf(after)])
      await rejectsWith('cipher_authentication_failed', rotated.open(asSealed(swapped), CONNECTION))
  },

  'opens in another process and another order what it sealed for several tenants': async (harness) => {
    const contexts = ['tenant-a', 'tenant-b', 'tenant-c'].map((id) => ({
      ...CONNECTION,
      tenantId: parseTenantId(id),
    }))
    const sealed = await Promise.all(
      contexts.map(async (context) => ({
        context,
        value: await harness.cipher.seal(new Secret(TOKEN), context),
      })),
    )
    const other = await harness.rotated()
    for (const { context, value } of sealed.reverse())
      assert.equal((await other.open(value, context)).reveal(), TOKEN)
  },

  'serves many callers at once': async ({ cipher }) => {
    const tenants = Array.from({ length: 200 }, (_, index) => parseTenantId(`tenant-${index}`))
    const opened = tenants.map((tenantId) =>
      roundTrip(cipher, `token of ${tenantId}`, { ...CONNECTION, tenantId }),
    )
    assert.deepEqual(
      await Promise.all(opened),
      tenants.map((tenantId) => `token of ${tenantId}`),
    )
  },
}
