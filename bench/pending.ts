import { randomBytes } from 'node:crypto'
import type { TenantId } from '../src/domain/model/identifiers.ts'
import type { PendingAuthorization } from '../src/domain/model/pending-authorization.ts'
import { Secret } from '../src/domain/model/secret.ts'
import { INSTANT_PLATFORM } from './platform.ts'

/** What a start remembers, of the usual size. */
export function pendingFor(tenantId: TenantId): PendingAuthorization {
  const { clientId, redirectUri, scopes } = INSTANT_PLATFORM.authorization
  return {
    tenantId,
    provider: 'google_ads',
    label: 'default',
    returnUrl: '/settings/integrations',
    redirectUri,
    clientId,
    scopes,
    codeVerifier: VERIFIER,
    initiatorHash: INITIATOR_HASH,
    browserHash: BROWSER_HASH,
    allowAccountChange: false,
    startedAt: Date.now(),
  }
}

const [VERIFIER, INITIATOR_HASH, BROWSER_HASH] = [
  new Secret(randomBytes(32).toString('base64url')),
  randomBytes(32).toString('base64url'),
  randomBytes(32).toString('base64url'),
]
