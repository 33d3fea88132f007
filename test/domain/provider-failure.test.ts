import { describe, expect, test } from 'vitest'
import { isResponseInvalid, ProviderFailure, responseInvalid } from '../../src/domain/provider-failure.ts'

describe('An answer that cannot be understood', () => {
  test('leaves open what the provider did', () => {
    expect(responseInvalid()).toMatchObject({ kind: 'transient', delivery: 'uncertain' })
  })

  test('is told from every other bad minute of the provider', () => {
    expect(isResponseInvalid(responseInvalid())).toBe(true)
    const facts = { kind: 'transient', delivery: 'uncertain', providerCode: 'http_500' } as const
    expect(isResponseInvalid(new ProviderFailure(facts))).toBe(false)
  })
})
