import assert from 'node:assert/strict'
import { Secret } from '../../../domain/model/secret.ts'
import { asSealed } from '../../../ports/cipher.ts'
import { CONNECTION, TOKEN, bodyOf, refusal, rejectsWith, replaced, withBody } from './harness.ts'
import type { CipherPromises } from './harness.ts'

export const forgedValuePromises: CipherPromises = {
  'does not open a value with any single bit changed': async ({ cipher }) => {
    const sealed = await cipher.seal(new Secret(TOKEN), CONNECTION)
    const body = Buffer.from(bodyOf(sealed), 'base64url')
    for (let bit = 0; bit < body.length * 8; bit += 1) {
      const altered = Buffer.from(body)
      altered.writeUInt8(altered.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      await rejectsWith('cipher_authentication_failed', cipher.open(withBody(sealed, altered), CONNECTION))
    }
  },

  'does not open a value with any single bit of its text changed, its header included': async ({
    cipher,
  }) => {
    const sealed = await cipher.seal(new Secret(TOKEN), CONNECTION)
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const at = bit >> 3
      const other = String.fromCharCode(sealed.charCodeAt(at) ^ (1 << (bit & 7)))
      await assert.rejects(cipher.open(replaced(sealed, at, other), CONNECTION), refusal)
    }
  },

  'does not open a value that was cut short anywhere or lengthened': async ({ cipher }) => {
    const sealed = await cipher.seal(new Secret(TOKEN), CONNECTION)
    for (let at = 0; at < sealed.length; at += 1)
      for (const cut of [sealed.slice(0, at), sealed.slice(at + 1), replaced(sealed, at, '')])
        await assert.rejects(cipher.open(asSealed(cut), CONNECTION), refusal)
    for (const more of ['A', 'AA', 'AAA', 'AAAA', '.AAAA'])
      await assert.rejects(cipher.open(asSealed(sealed + more), CONNECTION), refusal)
  },

  'does not take a shortened tag': async ({ cipher }) => {
    const sealed = await cipher.seal(new Secret(TOKEN), CONNECTION)
    const body = Buffer.from(bodyOf(sealed), 'base64url')
    for (let tagLength = 0; tagLength < 16; tagLength += 1) {
      const cut = body.subarray(0, body.length - 16 + tagLength)
      await assert.rejects(cipher.open(withBody(sealed, cut), CONNECTION), refusal)
    }
  },

  'takes one spelling of a value only': async ({ cipher }) => {
    // 16 bytes of text make a body of 44, whose last character has two spare bits.
    const sealed = await cipher.seal(new Secret('x'.repeat(16)), CONNECTION)
    const body = bodyOf(sealed)
    const spare = (Buffer.from(body, 'base64url').length * 8) % 6
    assert.notEqual(spare, 0)
    const head = sealed.slice(0, -body.length)
    const last = body.slice(-1)
    const next = String.fromCharCode(last.charCodeAt(0) + 1)
    const spellings = [
      `${body}=`,
      `${body} `,
      ` ${body}`,
      `${body}\n`,
      `${body.slice(0, 9)}!${body.slice(9)}`,
    ]
    for (const spelling of [...spellings, body.slice(0, -1) + next])
      await rejectsWith('cipher_value_invalid', cipher.open(asSealed(head + spelling), CONNECTION))
    for (const altered of [` ${sealed}`, `${sealed} `, `${sealed}\n`, sealed.toUpperCase()])
      await rejectsWith('cipher_value_invalid', cipher.open(asSealed(altered), CONNECTION))
  },

  'takes no character that only looks like one of base64url, or decodes like one': async ({ cipher }) => {
    // Long enough to have every character of the alphabet in its body.
    const sealed = await cipher.seal(new Secret('x'.repeat(4_000)), CONNECTION)
    const body = bodyOf(sealed)
    const lookAlikes = { '-': '+', _: '/', A: '\u0410', O: '\u039f', l: '\u217c', a: '\uff41' }
    for (const [character, lookAlike] of Object.entries(lookAlikes)) {
      const at = sealed.length - body.length + body.indexOf(character)
      assert.equal(sealed.charAt(at), character)
      for (const other of [lookAlike, String.fromCharCode(character.charCodeAt(0) + 256)])
        await rejectsWith('cipher_value_invalid', cipher.open(replaced(sealed, at, other), CONNECTION))
    }
  },

  'never passes plaintext through': async ({ cipher }) => {
    const texts = ['', TOKEN, 'null', '{"access_token":"x"}', 'c1.', 'c1.a.', 'c1.a.x.y', 'x'.repeat(100_000)]
    for (const text of texts)
      await rejectsWith('cipher_value_invalid', cipher.open(asSealed(text), CONNECTION))
  },

  'tells an unknown version, an unknown suite, an unknown key and what is no value apart': async ({
    cipher,
  }) => {
    const sealed = await cipher.seal(new Secret(TOKEN), CONNECTION)
    const refused = { code: 'cipher_value_invalid' }
    const opening = (text: string) => cipher.open(asSealed(text), CONNECTION)
    await assert.rejects(opening(`c2${sealed.slice(2)}`), { ...refused, unknown: 'version' })
    await assert.rejects(opening(`c1.z${sealed.slice(4)}`), { ...refused, unknown: 'suite' })
    await assert.rejects(opening(TOKEN), { ...refused, unknown: undefined })
    const otherKey = `${sealed.slice(0, 5)}AAAAAAAAAAAAAAAAAAAAAA${sealed.slice(27)}`
    await assert.rejects(opening(otherKey), { code: 'cipher_key_unknown' })
  },
}
