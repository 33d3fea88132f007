import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigInvalidError, TenantInvalidError } from '../../../src/domain/errors.ts'
import {
  connectionKeyText,
  DEFAULT_LABEL,
  isProviderName,
  isWellFormed,
  parseLabel,
  parseTenantId,
} from '../../../src/domain/model/identifiers.ts'

const anyText = fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes))

describe('parseTenantId', () => {
  test.each([
    'a',
    'x'.repeat(255),
    '550e8400-e29b-41d4-a716-446655440000',
    'tenant with spaces',
    'Zoë/株式会社:{1}*',
    "'; DROP TABLE x; --",
    '\u00a0',
    '~',
    '😀',
    '../..',
    '__proto__',
  ])('takes %j as it is', (id) => {
    expect(parseTenantId(id)).toBe(id)
  })

  test.each([
    ['an empty text', ''],
    ['256 characters', 'x'.repeat(256)],
    ['NUL', 'a\u0000b'],
    ['a line end', 'a\nb'],
    ['the last C0 character', 'a\u001f'],
    ['DEL', 'a\u007f'],
    ['the first C1 character', 'a\u0080'],
    ['the last C1 character', '\u009fa'],
    ['half a character', 'a\ud83d'],
    ['the other half', '\ude00a'],
    ['halves in the wrong order', '\ude00\ud83d'],
    ['undefined', undefined],
    ['null', null],
    ['a number', 7],
    ['an array', ['tenant']],
    ['an object that turns into text', { toString: () => 'tenant' }],
  ])('refuses %s', (_what, value) => {
    expect(() => parseTenantId(value)).toThrow(TenantInvalidError)
  })

  test('never repeats what it refuses', () => {
    expect(() => parseTenantId('secret-looking\u0000')).not.toThrow(/secret-looking/)
  })

  test('never normalises: look-alikes stay different', () => {
    expect(parseTenantId('cafe\u0301')).not.toBe(parseTenantId('caf\u00e9'))
    expect(parseTenantId(' a')).toBe(' a')
    expect(parseTenantId('A')).not.toBe(parseTenantId('a'))
  })
})

describe('parseLabel', () => {
  test('is default when none is given', () => {
    expect(parseLabel(undefined)).toBe(DEFAULT_LABEL)
    expect(parseLabel('second shop')).toBe('second shop')
  })

  test.each(['', 'x'.repeat(256), 'a\tb', '\ud83d', 7, null])('refuses %j', (value) => {
    expect(() => parseLabel(value)).toThrow(ConfigInvalidError)
  })
})

describe('isProviderName', () => {
  test.each(['meta', 'google_ads', 'x', 'a1', `a${'b'.repeat(62)}`])('takes %s', (name) => {
    expect(isProviderName(name)).toBe(true)
  })

  test.each(['', 'Meta', '1a', '_a', 'a-b', 'a b', 'a/b', 'meta\n', 'é', `a${'b'.repeat(63)}`, 7, undefined])(
    'refuses %j',
    (name) => {
      expect(isProviderName(name)).toBe(false)
    },
  )
})

describe('isWellFormed', () => {
  test('is whether the text survives UTF-8', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(isWellFormed(text)).toBe(Buffer.from(text, 'utf8').toString('utf8') === text)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('connectionKeyText', () => {
  test('keeps separators in ids from making two keys one', () => {
    const text = (tenant: string, label: string) =>
      connectionKeyText({ tenantId: parseTenantId(tenant), provider: 'meta', label })
    expect(text('a:b', 'c')).not.toBe(text('a', 'b:c'))
    expect(text('1:a', 'b')).not.toBe(text('1', 'a:b'))
  })

  test('is different for any two different keys', () => {
    const part = fc.stringMatching(/^[a1:]{1,6}$/)
    const key = fc.record({
      tenantId: part.map(parseTenantId),
      provider: fc.constantFrom('meta', 'm1'),
      label: part,
    })
    fc.assert(
      fc.property(key, key, (left, right) => {
        const isSame =
          left.tenantId === right.tenantId && left.provider === right.provider && left.label === right.label
        expect(connectionKeyText(left) === connectionKeyText(right)).toBe(isSame)
      }),
      { numRuns: 2_000 },
    )
  })
})
