import { generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { emulatorApps } from '../apps.ts'
import { jsonAnswer } from '../exchange.ts'
import type { Answer } from '../exchange.ts'
import type { Lineage } from '../ledger.ts'
import { emulatorPeople, stableId } from '../people.ts'
import type { World } from '../world.ts'
import { googleIssuer } from './authorization.ts'

const keyId = 'emulated-1'

/** Who the person is at Google, and Google's signature under it. */
export class GoogleIdentity {
  #keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject } | undefined

  /** An ID token (RS256) for a grant that includes `openid`. */
  idToken(world: World, lineage: Lineage, nonce: string | undefined): string {
    const issuedAt = world.nowSeconds()
    const claims = {
      iss: googleIssuer,
      aud: emulatorApps.google_ads.clientId,
      azp: emulatorApps.google_ads.clientId,
      iat: issuedAt,
      exp: issuedAt + 3600,
      ...(nonce === undefined ? {} : { nonce }),
      ...claimsOf(lineage),
    }
    const signed = `${encode({ alg: 'RS256', kid: keyId, typ: 'JWT' })}.${encode(claims)}`
    return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), this.#pair().privateKey).toString('base64url')}`
  }

  /** The public key as a JWK set. */
  certificates(): Answer {
    const { n, e } = this.#pair().publicKey.export({ format: 'jwk' })
    return jsonAnswer(200, { keys: [{ kty: 'RSA', alg: 'RS256', use: 'sig', kid: keyId, n, e }] })
  }

  // Made on first need: most tests never ask for openid.
  #pair(): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
    this.#keys ??= generateKeyPairSync('rsa', { modulusLength: 2048 })
    return this.#keys
  }
}

/** The claims that the granted scopes open. */
export function claimsOf(lineage: Lineage): {
  readonly sub: string
  readonly email?: string
  readonly name?: string
} {
  const { person, scopes } = lineage
  const has = (scope: string): boolean =>
    scopes.includes(scope) || scopes.includes(`https://www.googleapis.com/auth/userinfo.${scope}`)
  const name = emulatorPeople.google_ads.find(({ id }) => id === person)?.name ?? person
  return {
    sub: stableId(`google ${person}`, 21),
    ...(has('email') ? { email: `${person}@example.test`, email_verified: true } : {}),
    ...(has('profile') ? { name } : {}),
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
