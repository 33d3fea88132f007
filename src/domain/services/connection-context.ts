import type { SealContext, SecretField } from '../../ports/cipher.ts'
import type { ConnectionKey } from '../model/identifiers.ts'

interface GrantRef extends ConnectionKey {
  readonly connectionId: string
  readonly grantId: string
}

/** What a connection's secret is sealed for; the token version is the one it is stored under. */
export function connectionContext(grant: GrantRef, tokenVersion: number, field: SecretField): SealContext {
  const { tenantId, provider, connectionId, grantId } = grant
  return { purpose: 'connection', tenantId, provider, connectionId, grantId, tokenVersion, field }
}

export function candidateContext(grant: GrantRef, parentVersion: number, field: SecretField): SealContext {
  const { tenantId, provider, connectionId, grantId } = grant
  return { purpose: 'candidate', tenantId, provider, connectionId, grantId, parentVersion, field }
}
