import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NodeDigest } from '../../../src/adapters/node/digest.ts'
import { codeVerifier, VERIFIER_BYTES } from '../../../src/domain/model/pkce.ts'

describe('PKCE', () => {
  test('gives the verifier and the challenge of RFC 7636, appendix B', () => {
    const octets = [
      116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214,
      191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
    ]
    const verifier = codeVerifier(Uint8Array.from(octets)).reveal()
    expect(verifier).toBe('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')
    expect(new NodeDigest().sha256(verifier)).toBe('E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')
  })

  test('gives a verifier of 43 unreserved characters, which nothing prints', () => {
    const random = fc.uint8Array({ minLength: VERIFIER_BYTES, maxLength: VERIFIER_BYTES })
    fc.assert(
      fc.property(random, (bytes) => {
        const verifier = codeVerifier(bytes)
        expect(verifier.reveal()).toMatch(/^[A-Za-z0-9_-]{43}$/)
        expect(String(verifier)).toBe('[redacted]')
      }),
    )
  })
})
