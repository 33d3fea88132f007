import type { Cipher, Sealed } from '../../ports/cipher.ts'
import type { ProviderCircuit } from '../../ports/provider-circuit.ts'
import type { ProviderClient } from '../../ports/provider-client.ts'
import type { RefreshLease } from '../../ports/refresh-leases.ts'
import { isReplaySafe, mayRevokeOnReuse } from '../model/rotation.ts'
import type { Secret } from '../model/secret.ts'
import { candidateContext, connectionContext } from './sealing.ts'
import type { TokenField } from './sealing.ts'
import type { TokenLifecycleDependencies } from './token-lifecycle-service.ts'

/** What is presented to the provider: a refresh token or, if there is none, the access token itself. */
export type RefreshCredential = { readonly refreshToken: Secret } | { readonly accessToken: Secret }

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
  { cipher, circuit }: Pick<TokenLifecycleDependencies, 'cipher' | 'circuit'>,
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
  const { previousRefreshToken: previous } = lease
  if (previous !== undefined && field === 'refresh_token' && mayPresentSpent(circuit, client, lease)) {
    const context = connectionContext(lease, lease.tokenVersion, 'previous_refresh_token')
    secrets.push(await cipher.open(previous, context))
  }
  return distinct(secrets)
    .slice(1)
    .map((secret) => asCredential(field, secret))
}

export function secretOf(credential: RefreshCredential): Secret {
  return 'refreshToken' in credential ? credential.refreshToken : credential.accessToken
}

/**
 * Only when nothing is left to lose: the refusal of the current token is one to be believed, and no living process may
 * still hold its successor. Where using a token again ends the whole grant, a spent one could do nothing else.
 */
function mayPresentSpent(circuit: ProviderCircuit, client: ProviderClient, lease: RefreshLease): boolean {
  const { provider, rotation } = client.traits
  if (mayRevokeOnReuse(rotation) || !circuit.mayCondemn(provider)) return false
  return lease.isSuspect || !lease.isUncertain || isReplaySafe(rotation)
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
