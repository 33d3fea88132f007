import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cleanText } from '../../../src/domain/model/ad-account.ts'
import { isWellFormed } from '../../../src/domain/model/identifiers.ts'

describe('cleanText', () => {
  test('leaves ordinary names alone, in any script', () => {
    for (const name of ['Acme GmbH & Co. KG', 'Ünïcode ☕', '株式会社アクメ', '👩‍👩‍👧 shop', "O'Brien <b>"]) {
      expect(cleanText(name)).toBe(name)
    }
  })

  test('puts a space for each control character, C1 ones and NUL included', () => {
    expect(cleanText('a\u0000b\u001fc\u007fd\u009fe')).toBe('a b c d e')
    expect(cleanText('\r\nSet-Cookie: x\t')).toBe('Set-Cookie: x')
  })

  test('keeps the characters just outside the control ranges', () => {
    expect(cleanText('a\u0020b\u007ec\u00a1d')).toBe('a b~c¡d')
  })

  test('drops halves of characters', () => {
    expect(cleanText('a\ud83db\ude00c')).toBe('abc')
    expect(cleanText('\ud83d\ude00')).toBe('😀')
  })

  test('cuts at 200, never through a character', () => {
    expect(cleanText('x'.repeat(200))).toHaveLength(200)
    expect(cleanText('x'.repeat(201))).toHaveLength(200)
    expect(cleanText(`${'x'.repeat(198)}😀`)).toBe(`${'x'.repeat(198)}😀`)
    expect(cleanText(`${'x'.repeat(199)}😀`)).toBe('x'.repeat(199))
  })

  test('gives text that is safe to store, whatever comes', () => {
    const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 500 })
    fc.assert(
      fc.property(units, (codes) => {
        const cleaned = cleanText(String.fromCharCode(...codes))
        expect(cleaned.length).toBeLessThanOrEqual(200)
        expect(isWellFormed(cleaned)).toBe(true)
        expect(cleaned).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
        expect(cleanText(cleaned)).toBe(cleaned)
      }),
    )
  })
})
