import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { Secret } from '../../../domain/model/secret.ts'
import { asSealed } from '../../../ports/cipher.ts'
import { CANDIDATE, CONNECTION, STATE, TOKEN, rejectsWith, roundTrip } from './harness.ts'
import type { CipherPromises } from './harness.ts'

export const roundTripPromises: CipherPromises = {
  'opens what it sealed, in every purpose': async ({ cipher }) => {
    for (const context of [CONNECTION, CANDIDATE, STATE]) {
      await cipher.prepare(context)
      assert.equal(await roundTrip(cipher, TOKEN, context), TOKEN)
    }
  },

  'keeps text of any kind and length as it was': async ({ cipher }) => {
    const texts = [
      '',
      'x',
      'é',
      '漢字 🙂 \u0000 end',
      'x'.repeat(2_000),
      'x'.repeat(16_384),
      'é'.repeat(8_192),
    ]
    for (const text of texts) assert.equal(await roundTrip(cipher, text, CONNECTION), text)
  },

  'refuses text that is too long or not well formed instead of changing it': async ({ cipher }) => {
    for (const text of ['x'.repeat(16_385), 'é'.repeat(8_193), '漢'.repeat(16_384), 'a\ud800b', '\udc00'])
      await rejectsWith('cipher_value_invalid', cipher.seal(new Secret(text), CONNECTION))
  },

  'never gives the same value twice': async ({ cipher }) => {
    const values = new Set<string>()
    for (let count = 0; count < 500; count += 1) values.add(await cipher.seal(new Secret(TOKEN), CONNECTION))
    assert.equal(values.size, 500)
    assert.equal(new Set([...values].map((value) => value.slice(28, 44))).size, 500, 'nonces repeat')
  },

  'gives values that are safe in a text column': async ({ cipher }) => {
    const sealed = await cipher.seal(new Secret(TOKEN), CONNECTION)
    assert.match(sealed, /^c1\.[a-z]\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]+$/)
    assert.ok(!sealed.includes(TOKEN))
  },

  'shows neither text nor key when printed, and no text in an error': async ({ cipher }) => {
    const sealed = await cipher.seal(new Secret(TOKEN), CONNECTION)
    const opened = await cipher.open(sealed, CONNECTION)
    const error: unknown = await cipher.open(asSealed(TOKEN), CONNECTION).catch((reason: unknown) => reason)
    for (const shown of [cipher, opened, error]) {
      const printed = `${inspect(shown, { depth: 12, showHidden: true })} ${JSON.stringify(shown)} ${String(shown)}`
      assert.ok(!printed.includes(TOKEN), 'the text is shown')
      assert.ok(!/Buffer\(?\d*\)? ?[[<]|Uint8Array\(/.test(printed), 'bytes are shown')
    }
  },
}
