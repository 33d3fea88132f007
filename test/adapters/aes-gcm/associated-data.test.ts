import { describe, expect, test } from 'vitest'
import { lengthPrefixed } from '../../../src/adapters/aes-gcm/associated-data.ts'

describe('lengthPrefixed', () => {
  test('gives bytes of their own to parts that differ at the end of the longest that fits', () => {
    const [one, other] = ['a', 'b'].map((end) =>
      Buffer.from(lengthPrefixed(['a'.repeat(16_379) + end])).toString('base64'),
    )
    expect(one).not.toBe(other)
  })

  test.each([16_381, 16_382, 16_383, 16_384, 20_000])('refuses a part of %i characters', (length) => {
    for (const part of ['a'.repeat(length), 'é'.repeat(length)])
      expect(() => lengthPrefixed([part])).toThrow('too long')
  })
})
