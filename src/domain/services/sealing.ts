import type { Cipher, SealContext, SecretField } from '../../ports/cipher.ts'
import type { SealedTokens } from '../../ports/token-store.ts'
import type { ConnectionKey } from '../model/identifiers.ts'
import type { Secret } from '../model/secret.ts'

interface GrantRef extends ConnectionKey {
  readonly connectionId: string
  readonly grantId: string
}

/** The fields of the tokens that a provider issues. */
export type TokenField = Extract<SecretField, 'access_token' | 'refresh_token'>

/** What a connection's secret is sealed for; the token version is the one it is stored under. */
export function connectionContext(grant: GrantRef, tokenVersion: number, field: SecretField): SealContext {
  const { tenantId, provider, connectionId, grantId } = grant
  return { purpose: 'connection', tenantId, provider, connectionId, grantId, tokenVersion, field }
}

export function candidateContext(grant: GrantRef, parentVersion: number, field: SecretField): SealContext {
  const { tenantId, provider, connectionId, grantId } = grant
  return { purpose: 'candidate', tenantId, provider, connectionId, grantId, parentVersion, field }
}

/** Seals each token for its own field. */
export async function sealTokens(
  cipher: Cipher,
  tokens: { readonly accessToken: Secret; readonly refreshToken?: Secret | undefined },
  contextOf: (field: TokenField) => SealContext,
): Promise<SealedTokens> {
  const accessToken = await cipher.seal(tokens.accessToken, contextOf('access_token'))
  if (tokens.refreshToken === undefined) return { accessToken }
  return {
    accessToken,
    refreshToken: await cipher.seal(tokens.refreshToken, contextOf('refresh_token')),
  }
}
