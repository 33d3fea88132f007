import { isProviderName, parseLabel, parseTenantId } from '../model/identifiers.ts'
import type { PendingAuthorization } from '../model/pending-authorization.ts'
import { Secret } from '../model/secret.ts'

/** The record of a state as it is sealed. Absent members are left out. */
export function encodePending(pending: PendingAuthorization): string {
  return JSON.stringify({ ...pending, codeVerifier: pending.codeVerifier?.reveal() })
}

/** Reads a record back; `undefined` when it is none (of an older version, say). */
export function decodePending(text: string): PendingAuthorization | undefined {
  const record = parseRecord(text)
  if (record === undefined || !isProviderName(record['provider'])) return undefined
  const { returnUrl, redirectUri, clientId, scopes, startedAt, codeVerifier } = record
  if (!isText(returnUrl) || !isText(redirectUri) || !isText(clientId) || !isTexts(scopes)) return undefined
  if (typeof startedAt !== 'number') return undefined
  return {
    tenantId: parseTenantId(record['tenantId']),
    provider: record['provider'],
    label: parseLabel(record['label']),
    returnUrl,
    redirectUri,
    clientId,
    scopes,
    startedAt,
    allowAccountChange: record['allowAccountChange'] === true,
    ...(isText(codeVerifier) ? { codeVerifier: new Secret(codeVerifier) } : {}),
    ...(isText(record['initiatorHash']) ? { initiatorHash: record['initiatorHash'] } : {}),
    ...(isText(record['browserHash']) ? { browserHash: record['browserHash'] } : {}),
  }
}

function parseRecord(text: string): Record<string, unknown> | undefined {
  const value: unknown = JSON.parse(text)
  return isRecord(value) ? value : undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText)
}
