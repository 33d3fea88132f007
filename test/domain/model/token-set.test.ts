import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../../src/domain/model/secret.ts'
import { isKeepable, leftOf, parseExpiresIn, parseScopes } from '../../../src/domain/model/token-set.ts'

const TEN_YEARS_S = 3_650 * 24 * 3_600

describe('what is left of a lifetime', () => {
  test.each([
    [3_600_000, 0, 3_600_000],
    [3_600_000, 1_000.4, 3_598_999],
    [1_000, 999, 1],
    [1_000, 1_000, 0],
    [1_000, 1_001, 0],
    [null, 1_000, null],
  ])('of %j ms after %d ms is %j ms', (lifetimeMs, elapsedMs, leftMs) => {
    expect(leftOf(lifetimeMs, elapsedMs)).toBe(leftMs)
  })
})

describe('parseExpiresIn', () => {
  test.each([
    [3_600, 3_600_000],
    ['3600', 3_600_000],
    [3_600.5, 3_600_000],
    ['3600.999', 3_600_000],
    [1, 1_000],
    [1.9, 1_000],
    [TEN_YEARS_S, TEN_YEARS_S * 1_000],
    [TEN_YEARS_S + 0.9, TEN_YEARS_S * 1_000],
    [String(TEN_YEARS_S), TEN_YEARS_S * 1_000],
  ])('reads %j as %d ms', (value, lifetimeMs) => {
    expect(parseExpiresIn(value)).toBe(lifetimeMs)
  })

  test.each([
    undefined,
    null,
    0,
    '0',
    0.9,
    -1,
    '-1',
    -0,
    NaN,
    Infinity,
    -Infinity,
    1e12,
    TEN_YEARS_S + 1,
    String(TEN_YEARS_S + 1),
    Number.MAX_VALUE,
    '',
    ' 3600',
    '3600 ',
    '3600s',
    '1e3',
    '0x10',
    '+5',
    '٣٦٠٠',
    '1,000',
    '9'.repeat(400),
    true,
    [3_600],
    { valueOf: () => 3_600 },
    3_600n,
  ])('does not know what $0 means', (value) => {
    expect(parseExpiresIn(value)).toBeNull()
  })

  test('is null or a whole number of seconds up to ten years, whatever comes', () => {
    const value = fc.oneof(fc.anything(), fc.double(), fc.stringMatching(/^[\d.eE+-]{0,15}$/))
    fc.assert(
      fc.property(value, (given) => {
        const lifetimeMs = parseExpiresIn(given)
        if (lifetimeMs === null) return
        expect(lifetimeMs % 1_000).toBe(0)
        expect(lifetimeMs).toBeGreaterThan(0)
        expect(lifetimeMs).toBeLessThanOrEqual(TEN_YEARS_S * 1_000)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('parseScopes', () => {
  test.each([
    ['ads_read ads_management', ['ads_read', 'ads_management']],
    ['ads_read,ads_management', ['ads_read', 'ads_management']],
    [' a,  b\n\tc ,', ['a', 'b', 'c']],
    ['https://www.googleapis.com/auth/adwords openid', ['https://www.googleapis.com/auth/adwords', 'openid']],
    [
      ['lists:read', 'accounts:read'],
      ['lists:read', 'accounts:read'],
    ],
    [
      [4, 5],
      ['4', '5'],
    ],
    ['a a b a', ['a', 'b']],
    ['', []],
    [[], []],
  ])('reads %j', (value, scopes) => {
    expect(parseScopes(value)).toEqual(scopes)
  })

  test.each([undefined, null, 7, true, {}])('reads nothing from %j', (value) => {
    expect(parseScopes(value)).toBeUndefined()
  })

  test('drops what no scope can be: quotes, backslashes, controls, anything not ASCII', () => {
    expect(parseScopes(['ok', 'a"b', 'a\\b', 'a\u0000b', 'a\u007f', 'é', 'with space', ''])).toEqual(['ok'])
  })

  test('takes texts and numbers out of a list and never asks anything else for its text', () => {
    const nested: unknown = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)
    const list = ['a', 7, true, null, { toString: 1 }, { toString: () => 'b' }, ['c'], nested]
    expect(parseScopes(list)).toEqual(['a', '7'])
  })

  test('keeps scopes of 255 characters, and a hundred of them', () => {
    expect(parseScopes([`${'x'.repeat(255)}`, 'y'.repeat(256)])).toEqual(['x'.repeat(255)])
    const many = Array.from({ length: 101 }, (_, index) => `scope${index}`)
    expect(parseScopes(many.join(' '))).toEqual(many.slice(0, 100))
  })
})

describe('isKeepable', () => {
  const sound = new Secret('sound')
  const lifetimes = { expiresInMs: null, refreshExpiresInMs: null }

  test.each([
    ['a', true],
    ['x y~', true],
    ['x'.repeat(16_384), true],
    ['x'.repeat(16_385), false],
    ['', false],
    ['a\nb', false],
    ['a\n', false],
    ['é', false],
    ['a\ud800b', false],
  ])('says of either token whether it can be sealed and sent (case %#)', (text, expected) => {
    const token = new Secret(text)
    expect(isKeepable({ ...lifetimes, accessToken: token })).toBe(expected)
    expect(isKeepable({ ...lifetimes, accessToken: token, refreshToken: sound })).toBe(expected)
    expect(isKeepable({ ...lifetimes, accessToken: sound, refreshToken: token })).toBe(expected)
  })
})
