import { describe, expect, test } from 'vitest'
import { parseEndpoint } from '../../../../src/adapters/providers/http/endpoint.ts'
import { parseRetryAfter } from '../../../../src/adapters/providers/http/retry-after.ts'
import { ConfigInvalidError } from '../../../../src/domain/errors.ts'

describe('an endpoint', () => {
  test.each([
    'https://graph.facebook.com/v26.0',
    'https://oauth2.example.com/token/',
    'https://oauth2.example.com/token?tenant=1',
  ])('may be %s', (text) => {
    expect(parseEndpoint(text)).toBe(text)
  })

  test.each(['http://127.0.0.1:4100/token', 'http://localhost/token', 'http://[::1]:8080/token'])(
    'may be %s only where plain HTTP on this machine is allowed',
    (text) => {
      expect(parseEndpoint(text, { allowLoopbackHttp: true })).toBe(text)
      expect(() => parseEndpoint(text)).toThrow(ConfigInvalidError)
    },
  )

  test.each([
    'http://graph.facebook.com/v26.0',
    'http://10.0.0.1/token',
    'http://169.254.169.254/latest',
    'http://127.0.0.1.evil.example/token',
    'http://localhost.evil.example/token',
    'http://0.0.0.0/token',
    'ftp://127.0.0.1/token',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'https://user:password@example.com/token',
    'https://example.com/token#fragment',
    '/token',
    '',
  ])('may never be %s, and the message does not repeat it', (text) => {
    const parse = (): string => parseEndpoint(text, { name: 'endpoints.token', allowLoopbackHttp: true })
    expect(parse).toThrow(ConfigInvalidError)
    expect(parse).toThrow(/endpoints\.token: must/)
    if (text.length > 10) expect(parse).not.toThrow(new RegExp(text.slice(0, 12).replace(/\W/g, '.')))
  })
})

describe('Retry-After', () => {
  const now = Date.UTC(2026, 10, 24, 12, 0, 0)

  test.each([
    ['30', 30_000],
    [' 0 ', 0],
    ['Tue, 24 Nov 2026 12:00:45 GMT', 45_000],
    ['Tuesday, 24-Nov-26 12:00:45 GMT', 45_000],
    ['Tue, 24 Nov 2026 11:00:00 GMT', 0],
    ['1000000000', 1_000_000_000_000],
    ['-5', undefined],
    ['1e9', undefined],
    ['1.5', undefined],
    ['abc', undefined],
    ['Tue, abc', undefined],
    ['2026', 2_026_000],
    ['', undefined],
    [undefined, undefined],
  ])('%j means %s ms', (header, expected) => {
    expect(parseRetryAfter(header, now)).toBe(expected)
  })
})
