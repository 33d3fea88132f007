import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { base64url, uuidFrom } from '../../../src/domain/model/bytes.ts'

describe('base64url', () => {
  test('encodes as RFC 4648 §10 says, without padding', () => {
    const vectors = {
      '': '',
      f: 'Zg',
      fo: 'Zm8',
      foo: 'Zm9v',
      foob: 'Zm9vYg',
      fooba: 'Zm9vYmE',
      foobar: 'Zm9vYmFy',
    }
    for (const [text, encoded] of Object.entries(vectors)) expect(base64url(Buffer.from(text))).toBe(encoded)
  })

  test('uses the two letters of the URL alphabet', () => {
    expect(base64url(Uint8Array.of(0xfb, 0xff, 0xfe))).toBe('-__-')
  })

  test('encodes any bytes as Node does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(base64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
      }),
    )
  })
})

describe('uuidFrom', () => {
  test('sets version 4 and the variant, and keeps every other bit', () => {
    expect(uuidFrom(new Uint8Array(16))).toBe('00000000-0000-4000-8000-000000000000')
    expect(uuidFrom(new Uint8Array(16).fill(0xff))).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff')
    expect(uuidFrom(Uint8Array.from({ length: 16 }, (_, index) => index))).toBe(
      '00010203-0405-4607-8809-0a0b0c0d0e0f',
    )
  })

  test('takes no more than 16 bytes', () => {
    expect(uuidFrom(new Uint8Array(20).fill(0x11))).toBe('11111111-1111-4111-9111-111111111111')
  })

  test('is a version 4 UUID for any bytes', () => {
    const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 })
    fc.assert(
      fc.property(sixteen, (bytes) => {
        expect(uuidFrom(bytes)).toMatch(
          /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        )
      }),
    )
  })
})
