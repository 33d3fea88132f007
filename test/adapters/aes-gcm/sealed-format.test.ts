import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeBody,
  keyReferenceOf,
  parseValue,
  printValue,
} from '../../../src/adapters/aes-gcm/sealed-format.ts'
import { CipherAuthenticationFailedError } from '../../../src/domain/errors.ts'
import { asSealed } from '../../../src/ports/cipher.ts'

const HEADER = 'c1.a.AAAAAAAAAAAAAAAAAAAAAA.'
const bodies = fc.uint8Array({ minLength: 28, maxLength: 80 }).map((bytes) => Buffer.from(bytes))

function accepts(value: string): boolean {
  try {
    decodeBody(parseValue(value).body)
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: 'cipher_value_invalid' })
    return false
  }
}

describe('the format of a sealed value', () => {
  test('gives back every body that it prints', () => {
    fc.assert(
      fc.property(bodies, (body) => {
        const value = parseValue(printValue(HEADER, body))
        expect(value).toMatchObject({ suite: 'a', keyReference: 'AAAAAAAAAAAAAAAAAAAAAA', header: HEADER })
        expect(decodeBody(value.body).equals(body)).toBe(true)
      }),
    )
  })

  test('takes a body exactly when encoding what it decodes to gives it back', () => {
    const noise = fc.constantFrom(
      ...'+/=-_ \n!.AQgwBCabz059é\u0000',
      '==',
      '漢',
      '\ud800',
      '\u0144',
      '\u012b',
    )
    const place = fc.nat({ max: 120 })
    fc.assert(
      fc.property(
        bodies,
        fc.array(fc.tuple(place, noise, fc.nat({ max: 1 })), { maxLength: 4 }),
        (body, edits) => {
          let text = body.toString('base64url')
          for (const [at, insert, cut] of edits) text = text.slice(0, at) + insert + text.slice(at + cut)
          const decoded = Buffer.from(text, 'base64url')
          const isCanonical = decoded.toString('base64url') === text && decoded.length >= 28
          expect(accepts(HEADER + text)).toBe(isCanonical)
        },
      ),
      { numRuns: 5_000 },
    )
  })

  test('takes no character whose lower byte alone is one of base64', () => {
    const text = Buffer.alloc(30, 7).toString('base64url')
    for (const at of [0, 17, text.length - 1]) {
      const wide = String.fromCharCode(text.charCodeAt(at) + 256)
      expect(accepts(HEADER + text.slice(0, at) + wide + text.slice(at + 1))).toBe(false)
    }
  })

  test('takes each last character exactly when its spare bits are zero', () => {
    for (const length of [28, 29, 30]) {
      const text = Buffer.alloc(length, 7).toString('base64url')
      for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
        const changed = text.slice(0, -1) + last
        const isCanonical = Buffer.from(changed, 'base64url').toString('base64url') === changed
        expect(accepts(HEADER + changed)).toBe(isCanonical)
      }
    }
  })

  test('bounds a value before it is decoded, and a body by what may be sealed', () => {
    expect(accepts(HEADER + Buffer.alloc(27).toString('base64url'))).toBe(false)
    expect(accepts(HEADER + Buffer.alloc(28).toString('base64url'))).toBe(true)
    expect(accepts(HEADER + Buffer.alloc(28 + 16_384).toString('base64url'))).toBe(true)
    expect(accepts(HEADER + Buffer.alloc(29 + 16_384).toString('base64url'))).toBe(false)
    expect(() => parseValue(HEADER + 'A'.repeat(24_576))).toThrow('too long')
  })

  test('takes one spelling of a key reference only', () => {
    const body = Buffer.alloc(28).toString('base64url')
    for (const reference of ['AAAAAAAAAAAAAAAAAAAAAB', 'AAAAAAAAAAAAAAAAAAAAA=', 'AAAAAAAAAAAAAAAAAAAAA', ''])
      expect(accepts(`c1.a.${reference}.${body}`)).toBe(false)
  })

  test('tells other versions and suites apart from what is no value at all', () => {
    const rest = HEADER.slice(4) + Buffer.alloc(28).toString('base64url')
    expect(() => parseValue(`c2.a${rest}`)).toThrow('version')
    expect(() => parseValue(`c12.a${rest}`)).toThrow('version')
    expect(() => parseValue(`c1.w${rest}`)).toThrow('suite')
    expect(() => parseValue(`d1.a${rest}`)).toThrow('form')
    expect(() => parseValue(`C1.a${rest}`)).toThrow('form')
  })

  test('names the key of a value as a query can count it', () => {
    expect(keyReferenceOf(asSealed(`${HEADER}anything`))).toBe('c1.a.AAAAAAAAAAAAAAAAAAAAAA')
    expect(() => keyReferenceOf(asSealed('plaintext'))).toThrow('form')
  })
})

test('what is damaged is refused with what to do about it', () => {
  const advice = 'restore the row from a backup, or disconnect and connect again'
  expect(() => parseValue('c1.a.plaintext')).toThrow(advice)
  expect(new CipherAuthenticationFailedError().message).toContain(advice)
})
