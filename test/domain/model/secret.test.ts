import { inspect, format } from 'node:util'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../../src/domain/model/secret.ts'

const VALUE = 'CNRY-token-0123456789abcdef'
const secret = new Secret(VALUE)

describe('Secret', () => {
  test('gives its value to whoever asks for it', () => {
    expect(secret.reveal()).toBe(VALUE)
  })

  test.each([
    ['String', () => String(secret)],
    ['a template', () => `${secret.toString()}`],
    ['concatenation', () => ''.concat(secret.toString())],
    ['JSON', () => JSON.stringify({ deep: { secret } })],
    ['inspect', () => inspect({ deep: [{ secret }] }, { depth: 10, showHidden: true, showProxy: true })],
    [
      'inspect without the custom hook',
      () => inspect(secret, { customInspect: false, showHidden: true, depth: 10 }),
    ],
    ['format', () => format('%s %o %O %j', secret, secret, secret, secret)],
    [
      'its own properties',
      () => JSON.stringify(Object.getOwnPropertyNames(secret)) + JSON.stringify({ ...secret }),
    ],
    ['a structured clone', () => JSON.stringify(structuredClone({ secret }))],
    ['an error that carries it', () => inspect(new Error('failed', { cause: { secret } }), { depth: 10 })],
  ])('does not show it to %s', (_what, print) => {
    expect(print()).not.toContain(VALUE)
  })

  test('is equal to another with the same value', () => {
    expect(secret.equals(new Secret(VALUE))).toBe(true)
    expect(secret.equals(new Secret(`${VALUE}0`))).toBe(false)
    expect(secret.equals(new Secret(VALUE.replace('token', 'taken')))).toBe(false)
  })
})
