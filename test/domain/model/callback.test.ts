import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CallbackInvalidError } from '../../../src/domain/errors.ts'
import { parseCallback } from '../../../src/domain/model/callback.ts'
import type {
  AuthorizationResponse,
  Callback,
  CallbackParameters,
} from '../../../src/domain/model/callback.ts'

const parse = (
  callback: Callback | string,
  codeParameters: readonly string[] = ['code'],
): AuthorizationResponse =>
  parseCallback(typeof callback === 'string' ? new URLSearchParams(callback) : callback, codeParameters)

function codeOf({ outcome }: AuthorizationResponse): string | undefined {
  return outcome.kind === 'code' ? outcome.code.reveal() : undefined
}

/** A callback as a host's router may hand it on, whatever the types say. */
function polluted(parameters: Readonly<Record<string, unknown>>): CallbackParameters {
  const callback: CallbackParameters = {}
  for (const [name, value] of Object.entries(parameters)) Reflect.set(callback, name, value)
  return callback
}

const refusal: unknown = expect.any(CallbackInvalidError)
const malformed = {
  state: 'S',
  iss: undefined,
  outcome: { kind: 'malformed', error: refusal },
}

describe('parseCallback', () => {
  test('reads state, code and iss from a query and from an object alike', () => {
    const fromQuery = parse('state=S&code=C&iss=https%3A%2F%2Fas.example')
    const fromObject = parse({ state: 'S', code: 'C', iss: 'https://as.example' })
    for (const response of [fromQuery, fromObject]) {
      expect(response.state).toBe('S')
      expect(response.iss).toBe('https://as.example')
      expect(codeOf(response)).toBe('C')
    }
  })

  test('takes the code from the first parameter that has one', () => {
    expect(codeOf(parse('state=S&code=C&auth_code=A', ['auth_code', 'code']))).toBe('A')
    expect(codeOf(parse('state=S&code=C', ['auth_code', 'code']))).toBe('C')
    expect(parse('state=S&auth_code=A').outcome.kind).toBe('denied')
  })

  test('reads a denial with its code', () => {
    const { outcome, state } = parse('state=S&error=access_denied&error_description=no')
    expect(state).toBe('S')
    expect(outcome).toMatchObject({
      kind: 'denied',
      error: { code: 'authorization_denied', reason: 'access_denied' },
    })
  })

  test.each([
    ['temporarily_unavailable', 'temporarily_unavailable'],
    ['a'.repeat(40), 'a'.repeat(40)],
    ['a'.repeat(41), 'other'],
    ['', 'other'],
    ['Access_Denied', 'other'],
    ['the app is down; call +1 555 0100', 'other'],
    [`x\r\nSet-Cookie: a\u0000${'y'.repeat(10_000)}`, 'other'],
  ])('repeats of an error only one plain word: %s', (error, reason) => {
    const { outcome } = parse(new URLSearchParams({ state: 'S', error }))
    expect(outcome).toMatchObject({ kind: 'denied', error: { reason } })
  })

  test('takes a response with neither code nor error for a denial', () => {
    expect(parse('state=S').outcome).toMatchObject({ kind: 'denied', error: { reason: 'no_code' } })
    expect(parse({ state: 'S' }).outcome.kind).toBe('denied')
  })

  test.each([
    ['no state', 'code=C'],
    ['an empty state', 'state=&code=C'],
    ['the state twice', 'state=S&state=S&code=C'],
    ['a NUL in the state', 'state=S%00&code=C'],
    ['a state that is not ASCII', 'state=%C3%A9&code=C'],
  ])('refuses %s', (_what, query) => {
    expect(() => parse(query, ['auth_code', 'code'])).toThrow(CallbackInvalidError)
  })

  test.each([
    ['the code twice', 'state=S&code=C&code=D'],
    ['the other code parameter twice', 'state=S&code=C&auth_code=A&auth_code=B'],
    ['iss twice', 'state=S&code=C&iss=a&iss=a'],
    ['the error twice', 'state=S&error=a&error=b'],
    ['an empty code', 'state=S&code='],
    ['both a code and an error', 'state=S&code=C&error=access_denied'],
    ['a line end in the code', 'state=S&code=C%0d%0a'],
    ['a DEL in the code', 'state=S&code=C%7f'],
    ['a code that is not UTF-8', 'state=S&code=%ff'],
    ['a code of 4,097 characters', `state=S&code=${'c'.repeat(4_097)}`],
    ['a query of a megabyte', `state=S&code=C&junk=${'x'.repeat(1_048_576)}`],
    ['a hundred thousand parameters', `state=S&code=C&${'a=b&'.repeat(100_000)}`],
  ])('keeps of a response with %s nothing but its state', (_what, query) => {
    expect(parse(query, ['auth_code', 'code'])).toEqual(malformed)
  })

  test.each([
    ['an array for the state', { state: ['S', 'S'], code: 'C' }],
    ['a number for the state', { state: 7, code: 'C' }],
    ['no state', { code: 'C' }],
    ['null for the state', { state: null, code: 'C' }],
  ])('refuses %s from a router', (_what, parameters) => {
    expect(() => parse(polluted(parameters))).toThrow(CallbackInvalidError)
  })

  test.each([
    ['an array for the code', { state: 'S', code: ['C'] }],
    ['an object for the code', { state: 'S', code: { valueOf: (): string => 'C' } }],
    ['a boolean for iss', { state: 'S', code: 'C', iss: true }],
    ['an array for the error', { state: 'S', error: ['access_denied'] }],
    ['an endless error', { state: 'S', error: 'e'.repeat(16_385) }],
    ['an empty code', { state: 'S', code: '' }],
    ['both a code and an error', { state: 'S', code: 'C', error: 'access_denied' }],
    ['a megabyte of code', { state: 'S', code: 'c'.repeat(1_048_576) }],
  ])('keeps of %s from a router nothing but its state', (_what, parameters) => {
    expect(parse(polluted(parameters))).toEqual(malformed)
  })

  test('takes null for absent, as some routers give it', () => {
    expect(codeOf(parse(polluted({ state: 'S', code: 'C', iss: null, error: null })))).toBe('C')
  })

  test('accepts values of exactly 4,096 characters and the whole of printable ASCII', () => {
    const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index)).join('')
    expect(parse(new URLSearchParams({ state: printable, code: 'c'.repeat(4_096) })).state).toBe(printable)
  })

  test('ignores what it does not know, prototype keys included', () => {
    const response = parse(
      'state=S&code=C&__proto__=x&constructor=y&token_endpoint=https://evil.example&returnUrl=//evil',
    )
    expect(codeOf(response)).toBe('C')
    expect(Object.keys(response).sort()).toEqual(['iss', 'outcome', 'state'])
  })

  test('neither shows the code nor repeats a value in an error', () => {
    expect(JSON.stringify(parse('state=S&code=very-secret-code'))).not.toContain('very-secret-code')
    const attempts = [
      'state=S&code=very-secret-code&code=very-secret-code',
      'state=S&code=very-secret-code%00',
    ]
    for (const query of attempts) {
      const { outcome } = parse(query)
      expect(outcome).toMatchObject({ kind: 'malformed' })
      expect(outcome.kind === 'malformed' && outcome.error.message).not.toContain('very-secret-code')
    }
  })

  test('answers or throws CallbackInvalidError, whatever comes', () => {
    const name = fc.constantFrom(
      'state',
      'code',
      'auth_code',
      'error',
      'iss',
      '__proto__',
      'error_description',
    )
    const pairs = fc.array(fc.tuple(name, fc.string({ unit: 'binary' })), { maxLength: 8 })
    const text = fc.string({ unit: 'binary' })
    const value = fc.oneof(
      text,
      fc.array(text),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constant({}),
    )
    const values = fc.dictionary(name, value, { maxKeys: 6 })
    fc.assert(
      fc.property(pairs, values, (query, parameters) => {
        for (const callback of [new URLSearchParams(query), polluted(parameters)]) {
          try {
            expect(parse(callback, ['auth_code', 'code']).state).toMatch(/^[\x20-\x7e]+$/)
          } catch (error) {
            expect(error).toBeInstanceOf(CallbackInvalidError)
          }
        }
      }),
    )
  })
})
