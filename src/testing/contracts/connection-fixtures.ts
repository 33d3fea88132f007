import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { Connection } from '../../domain/model/connection.ts'
import { DEFAULT_LABEL, parseTenantId } from '../../domain/model/identifiers.ts'
import type { ConnectionKey } from '../../domain/model/identifiers.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../domain/model/time.ts'
import { asSealed } from '../../ports/cipher.ts'
import type { Sealed } from '../../ports/cipher.ts'
import type { RetiredGrant } from '../../ports/pending-revocations.ts'
import type { ProviderApp } from '../../ports/provider-apps.ts'
import type { ClaimRequest, RefreshedTokens, RefreshLease } from '../../ports/refresh-leases.ts'
import type { NewGrant } from '../../ports/token-store.ts'
import type { ConnectionStores } from './connection-stores.ts'

export const TENANT = parseTenantId('tenant-a')
export const OTHER_TENANT = parseTenantId('tenant-b')
export const KEY: ConnectionKey = { tenantId: TENANT, provider: 'meta', label: DEFAULT_LABEL }
export const APP: ProviderApp = { provider: KEY.provider, clientId: 'client-1' }
export const NOBODY = '00000000-0000-4000-8000-000000000000'

/** Text with the look of a sealed value; stores never look inside. */
export function sealed(name: string): Sealed {
  return asSealed(`c1.l.k1.${Buffer.from(name).toString('base64url')}`)
}

export function newGrant(changes: Partial<NewGrant> = {}): NewGrant {
  const grantId = changes.grantId ?? randomUUID()
  return {
    ...KEY,
    connectionId: randomUUID(),
    grantId,
    clientId: 'client-1',
    tokens: { accessToken: sealed(`access of ${grantId}`), refreshToken: sealed(`refresh of ${grantId}`) },
    expiresInMs: HOUR_MS,
    refreshExpiresInMs: 60 * DAY_MS,
    dataAccessExpiresInMs: 90 * DAY_MS,
    dueInMs: 40 * MINUTE_MS,
    status: 'active',
    subject: { issuer: 'https://provider.example', id: 'person-1', name: 'Ada' },
    scopes: ['ads_read', 'ads_management'],
    accounts: [
      { id: 'act_1', name: 'First', isUsable: true, currency: 'EUR' },
      { id: 'act_2', isUsable: false },
    ],
    selectedAccountId: 'act_1',
    selectedAccountName: 'First',
    details: { tokenKind: 'user' },
    ...changes,
  }
}

/** Saves a new consent for a key that has none yet, and gives the connection as it is listed. */
export async function connect(
  stores: ConnectionStores,
  changes: Partial<NewGrant> = {},
): Promise<Connection> {
  const grant = newGrant(changes)
  assert.equal((await stores.tokens.save(grant)).saved, true)
  return connectionOf(stores, grant)
}

/** Stores another consent over the present one. */
export async function reconnect(
  stores: ConnectionStores,
  existing: Connection,
  changes: Partial<NewGrant> = {},
): Promise<Connection> {
  const { tenantId, provider, label, id } = existing
  const grant = newGrant({ tenantId, provider, label, connectionId: id, ...changes })
  const replacement = { expected: existing, queueForRevocation: false }
  assert.equal((await stores.tokens.save(grant, replacement)).saved, true)
  return connectionOf(stores, grant)
}

export async function connectionOf(stores: ConnectionStores, key: ConnectionKey): Promise<Connection> {
  const { provider, label } = key
  const [connection, ...others] = await stores.tokens.list(key.tenantId, { provider, label })
  assert.deepEqual(others, [])
  assert.ok(connection !== undefined, 'the connection is listed')
  return connection
}

let claims = 0

/** Of one process and, as the port asks, of one claim. */
export function claimRequest(changes: Partial<ClaimRequest> = {}): ClaimRequest {
  claims += 1
  return {
    app: APP,
    maxWaitMs: 5_000,
    owner: `process-1:${claims}`,
    leaseTtlMs: 2 * MINUTE_MS,
    backoff: { baseMs: 10_000, capMs: 60_000, jitter: 0 },
    maxAttemptsPerHour: 30,
    ...changes,
  }
}

/** Claims the token version that the connection has now. */
export async function claimed(
  stores: ConnectionStores,
  key: ConnectionKey = KEY,
  changes: Partial<ClaimRequest> = {},
): Promise<RefreshLease> {
  const lease = await tryClaim(stores, key, changes)
  assert.ok(lease !== undefined, 'the claim is granted')
  return lease
}

export async function tryClaim(
  stores: ConnectionStores,
  key: ConnectionKey = KEY,
  changes: Partial<ClaimRequest> = {},
): Promise<RefreshLease | undefined> {
  const { tokenVersion } = await connectionOf(stores, key)
  return claimVersion(stores, key, tokenVersion, changes)
}

/** Claims for an app that has not to wait. */
export async function claimVersion(
  stores: ConnectionStores,
  key: ConnectionKey,
  tokenVersion: number,
  changes: Partial<ClaimRequest> = {},
): Promise<RefreshLease | undefined> {
  const { provider } = key
  const request = claimRequest({ app: { ...APP, provider }, ...changes })
  const lease = await stores.leases.claim(key, tokenVersion, request)
  assert.ok(lease === undefined || !('reason' in lease), 'the app has not to wait')
  return lease
}

export function refreshedTokens(changes: Partial<RefreshedTokens> = {}): RefreshedTokens {
  const writeId = changes.writeId ?? randomUUID()
  return {
    writeId,
    tokens: { accessToken: sealed(`access by ${writeId}`), refreshToken: sealed(`refresh by ${writeId}`) },
    previousRefreshToken: sealed(`previous by ${writeId}`),
    expiresInMs: HOUR_MS,
    refreshExpiresInMs: 60 * DAY_MS,
    dueInMs: 40 * MINUTE_MS,
    ...changes,
  }
}

export function retiredGrant(changes: Partial<RetiredGrant> = {}): RetiredGrant {
  return {
    ...KEY,
    connectionId: randomUUID(),
    grantId: randomUUID(),
    tokenVersion: 3,
    clientId: 'client-1',
    subject: { issuer: 'https://provider.example', id: 'person-1', name: 'Ada' },
    accessToken: sealed('retired access'),
    refreshToken: sealed('retired refresh'),
    candidates: [],
    ...changes,
  }
}

export function range(length: number): readonly number[] {
  return Array.from({ length }, (_, index) => index)
}

/** A duration that a real clock may have shortened a little since it was set. */
export function assertAbout(actual: number | null | undefined, expectedMs: number): void {
  assert.ok(
    typeof actual === 'number' && actual <= expectedMs && actual > expectedMs - 10_000,
    `${String(actual)} ms is not about ${expectedMs} ms`,
  )
}
