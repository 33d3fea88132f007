import { describe, expect, test } from 'vitest'
import { NodeDigest } from '../../../src/adapters/node/digest.ts'

const digest = new NodeDigest()
const hex = (text: string): string => Buffer.from(text, 'base64url').toString('hex')

describe('NodeDigest', () => {
  test('hashes as FIPS 180-4 says', () => {
    expect(hex(digest.sha256('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(hex(digest.sha256(''))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  })

  test('hashes text as UTF-8', () => {
    const bytes = Buffer.from([0xc3, 0xa9]).toString('utf8')
    expect(hex(digest.sha256('é'))).toBe(hex(digest.sha256(bytes)))
    expect(hex(digest.sha256('é'))).toBe('4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c')
  })

  test('authenticates as RFC 4231 §4.2 and §4.3 say', () => {
    const first = digest.hmacSha256(Buffer.alloc(20, 0x0b), 'Hi There')
    expect(hex(first)).toBe('b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7')
    const second = digest.hmacSha256(Buffer.from('Jefe'), 'what do ya want for nothing?')
    expect(hex(second)).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
  })

  test('answers in base64url without padding', () => {
    expect(digest.sha256('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
  })

  test('compares texts to the letter', () => {
    expect(digest.equal('same', 'same')).toBe(true)
    expect(digest.equal('same', 'sane')).toBe(false)
    expect(digest.equal('', '')).toBe(true)
  })

  test('takes texts of unequal length for unequal instead of throwing', () => {
    expect(digest.equal('same', 'same ')).toBe(false)
    expect(digest.equal('', 'same')).toBe(false)
  })
})
