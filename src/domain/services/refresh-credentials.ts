import type { Cipher, SealContext, Sealed } from '../../ports/cipher.ts'
import type { ProviderClient } from '../../ports/provider-client.ts'
import type { RefreshLease } from '../../ports/refresh-leases.ts'
import { isReplaySafe } from '../model/rotation.ts'
import type { Secret } from '../model/secret.ts'
import { candidateContext, connectionContext } from './connection-context.ts'

/** What is presented to the provider: a refresh token, or where there is none the access token itself. */
export interface RefreshCredential {
  readonly accessToken?: Secret
  readonly refreshToken?: Secret
}

/**
 * Opens everything that this attempt might present, current first, candidates newest first, the previous refresh token
 * last: a key that is missing shows before the provider is asked.
 */
export async function openCredentials(
  cipher: Cipher,
  client: ProviderClient,
  lease: RefreshLease,
): Promise<readonly RefreshCredential[]> {
  const open = (sealed: Sealed, context: SealContext): Promise<Secret> => cipher.open(sealed, context)
  const { tokenVersion, tokens } = lease
  if (client.traits.renewal !== 'refresh_token' || tokens.refreshToken === undefined) {
    return [
      { accessToken: await open(tokens.accessToken, connectionContext(lease, tokenVersion, 'access_token')) },
    ]
  }
  const credentials = [
    await open(tokens.refreshToken, connectionContext(lease, tokenVersion, 'refresh_token')),
  ]
  for (const candidate of [...lease.candidates].reverse()) {
    if (candidate.refreshToken === undefined) continue
    const context = candidateContext(lease, candidate.parentVersion, 'refresh_token')
    credentials.push(await open(candidate.refreshToken, context))
  }
  // A living process may still hold the successor, and an older token could end the whole family.
  const isNothingLeftToLose = lease.isSuspect || !lease.isUncertain || isReplaySafe(client.traits.rotation)
  if (lease.previousRefreshToken !== undefined && isNothingLeftToLose) {
    const context = connectionContext(lease, tokenVersion, 'previous_refresh_token')
    credentials.push(await open(lease.previousRefreshToken, context))
  }
  return distinct(credentials).map((refreshToken) => ({ refreshToken }))
}

function distinct(secrets: readonly Secret[]): readonly Secret[] {
  return secrets.filter((secret, index) => secrets.findIndex((other) => other.equals(secret)) === index)
}
