import type { Cipher, Sealed } from '../../ports/cipher.ts'
import type { ProviderClient } from '../../ports/provider-client.ts'
import type { RefreshLease } from '../../ports/refresh-leases.ts'
import { isReplaySafe } from '../model/rotation.ts'
import type { Secret } from '../model/secret.ts'
import { candidateContext, connectionContext } from './sealing.ts'
import type { TokenField } from './sealing.ts'

/** What is presented to the provider: a refresh token or, if there is none, the access token itself. */
export type RefreshCredential =
  | {
      readonly refreshToken: Secret
      /** The same token, sealed for the version that is to be stored. */
      readonly resealed?: Sealed
    }
  | { readonly accessToken: Secret }

/** Opens the row's current credential, so that a missing key is noticed before the provider is asked. */
export async function openCurrent(
  cipher: Cipher,
  client: ProviderClient,
  lease: RefreshLease,
): Promise<RefreshCredential> {
  const field = presentedField(client, lease)
  const sealed = sealedOf(field, lease.tokens) ?? lease.tokens.accessToken
  return asCredential(field, await cipher.open(sealed, connectionContext(lease, lease.tokenVersion, field)))
}

/** Opens the access token, which is what a verification asks about. */
export async function openAccessToken(cipher: Cipher, lease: RefreshLease): Promise<RefreshCredential> {
  const context = connectionContext(lease, lease.tokenVersion, 'access_token')
  return { accessToken: await cipher.open(lease.tokens.accessToken, context) }
}

/**
 * Opens what may be presented after the current credential was refused: candidates newest first, the previous refresh
 * token last. Rejects if one cannot be opened: without trying it, nobody knows whether the grant is dead.
 */
export async function openOthers(
  cipher: Cipher,
  client: ProviderClient,
  lease: RefreshLease,
  current: RefreshCredential,
): Promise<readonly RefreshCredential[]> {
  const field = presentedField(client, lease)
  const secrets = [secretOf(current)]
  for (const candidate of [...lease.candidates].reverse()) {
    const sealed = sealedOf(field, candidate)
    if (sealed === undefined) continue
    secrets.push(await cipher.open(sealed, candidateContext(lease, candidate.parentVersion, field)))
  }
  // A living process may still hold the successor, and an older token could end the whole family.
  const isNothingLeftToLose = lease.isSuspect || !lease.isUncertain || isReplaySafe(client.traits.rotation)
  if (lease.previousRefreshToken !== undefined && field === 'refresh_token' && isNothingLeftToLose) {
    const context = connectionContext(lease, lease.tokenVersion, 'previous_refresh_token')
    secrets.push(await cipher.open(lease.previousRefreshToken, context))
  }
  return distinct(secrets)
    .slice(1)
    .map((secret) => asCredential(field, secret))
}

export function secretOf(credential: RefreshCredential): Secret {
  return 'refreshToken' in credential ? credential.refreshToken : credential.accessToken
}

function presentedField(client: ProviderClient, lease: RefreshLease): TokenField {
  const hasRefreshToken = lease.tokens.refreshToken !== undefined
  return client.traits.renewal === 'refresh_token' && hasRefreshToken ? 'refresh_token' : 'access_token'
}

function sealedOf(
  field: TokenField,
  tokens: { readonly accessToken: Sealed; readonly refreshToken?: Sealed | undefined },
): Sealed | undefined {
  return field === 'refresh_token' ? tokens.refreshToken : tokens.accessToken
}

function asCredential(field: TokenField, secret: Secret): RefreshCredential {
  return field === 'refresh_token' ? { refreshToken: secret } : { accessToken: secret }
}

function distinct(secrets: readonly Secret[]): readonly Secret[] {
  return secrets.filter((secret, index) => secrets.findIndex((other) => other.equals(secret)) === index)
}
