import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ReturnUrlRefusedError } from '../../../src/domain/errors.ts'
import { parseReturnUrl } from '../../../src/domain/model/return-url.ts'

const ALLOWED = ['https://app.example', 'http://localhost:3000']
const HOST = 'https://host.example'

describe('parseReturnUrl', () => {
  test.each([
    '/',
    '/settings?x=1#y',
    '/a/b//c',
    '/settings?next=https://elsewhere.example/%2f%2f',
    '/@evil',
    '/:80/x',
    `/${'a'.repeat(2_047)}`,
    'https://app.example',
    'https://app.example/settings?x=1#y',
    'https://app.example?x=@y',
    'https://app.example#/x',
    'https://app.example:443/x',
    'HTTPS://APP.EXAMPLE/x',
    'http://localhost:3000/x',
  ])('accepts %s unchanged', (value) => {
    expect(parseReturnUrl(value, ALLOWED)).toBe(value)
  })

  test.each([
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '\\/evil.example',
    'https:evil.example',
    'https:/evil.example',
    'https:app.example',
    'https:///evil.example',
    '/%09/evil.example',
    '/%0a/evil.example',
    '/%0D/evil.example',
    '/%5cevil.example',
    '/%5Cevil.example',
    '/%2fevil.example',
    '/%2F/evil.example',
    'https://app.example@evil.example',
    'https://app.example:x@evil.example/',
    'https://user:pass@app.example/',
    'https://@app.example/',
    'https://app.example.evil.example',
    'https://evil.example/https://app.example',
    'https://evil.example#https://app.example',
    'https://evil.example?https://app.example',
    'https://app.example\\@evil.example',
    'https://app.example\\.evil.example',
    'javascript:alert(1)',
    'JaVaScRiPt://app.example/%0aalert(1)',
    'data:text/html,x',
    'blob:https://app.example/x',
    'file:///etc/passwd',
    'ftp://app.example/',
    'http://app.example/',
    'https://app.example:8443/',
    'https://localhost:3000/',
    'http://localhost/',
    'http://localhost:3001/',
    'ht\ttps://app.example',
    'https://app.exam\nple',
    '/set\ttings',
    '/settings\r\nSet-Cookie: x',
    ' /settings',
    '/settings ',
    '/caf\u00e9',
    'https://app.exam\u200bple/',
    'https://app\u3002example/',
    '/\u2028evil',
    'settings',
    '?x=1',
    '#x',
    '.',
    '',
    `/${'a'.repeat(2_048)}`,
    'https://',
    'https://?x',
    'https://app.example:99999/',
  ])('refuses %j', (value) => {
    expect(() => parseReturnUrl(value, ALLOWED)).toThrow(ReturnUrlRefusedError)
  })

  test.each([
    undefined,
    null,
    7,
    ['/settings'],
    { toString: () => '/settings' },
    new URL('https://app.example'),
  ])('refuses what is no text: %j', (value) => {
    expect(() => parseReturnUrl(value, ALLOWED)).toThrow(ReturnUrlRefusedError)
  })

  test('accepts no absolute URL when no origin is allowed', () => {
    expect(parseReturnUrl('/settings', [])).toBe('/settings')
    expect(() => parseReturnUrl('https://app.example/', [])).toThrow(ReturnUrlRefusedError)
  })

  test('accepts nothing that a browser would follow to another origin', () => {
    const pieces = fc.constantFrom(
      ...[
        '/',
        '\\',
        '//',
        '%2f',
        '%5c',
        '%09',
        '%00',
        '@',
        ':',
        '?',
        '#',
        '.',
        '..',
        ';',
        '&',
        '\t',
        '\n',
        ' ',
        '[',
        ']',
      ],
      ...['https:', 'http:', 'javascript:', 'app.example', 'evil.example', 'localhost:3000', ':443', 'x'],
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const accepted = acceptedOf(parts.join(''))
        if (accepted === undefined) return
        const { origin, username, password } = new URL(accepted, HOST)
        expect([HOST, ...ALLOWED]).toContain(origin)
        expect(username + password).toBe('')
        expect(origin === HOST).toBe(accepted.startsWith('/'))
      }),
      { numRuns: 20_000 },
    )
  })
})

function acceptedOf(value: string): string | undefined {
  try {
    return parseReturnUrl(value, ALLOWED)
  } catch {
    return undefined
  }
}
