import { MAX_ACCOUNTS } from '../../domain/model/ad-account.ts'
import type { Connection } from '../../domain/model/connection.ts'
import type { RetiredGrant } from '../../ports/pending-revocations.ts'
import type { NewGrant } from '../../ports/token-store.ts'
import type { PostgresQueries } from './postgres-pool.ts'
import { toRetiredGrant } from './revocation-row.ts'
import type { RetiredRow } from './revocation-row.ts'
import { storableJson, storableMs, storableMsOrNull, storableText, storableTextOrNull } from './storable.ts'

export const RETIRED_COLUMNS = `
c.tenant_id, c.provider, c.label, c.id AS connection_id, c.grant_id, c.token_version, c.client_id, c.subject_issuer,
c.subject_id, c.subject_name, c.access_token, c.refresh_token, c.candidates`

const LOCK_EXPECTED = `
SELECT ${RETIRED_COLUMNS} FROM public.integration_connections c
WHERE c.tenant_id = $1 AND c.provider = $2 AND c.label = $3
  AND c.id = $4 AND c.grant_id = $5 AND c.row_version = $6 AND c.token_version = $7
FOR UPDATE`

/** Every column but the key and the two counters that live on: nothing of the grant before is inherited. */
const REPLACED = `
id grant_id client_id status status_when_healed reauth_reason token_version rejected_version access_token refresh_token
previous_refresh_token candidates last_write_id token_lifetime_ms token_expires_at refresh_expires_at
data_access_expires_at lease_owner lease_until attempt_no attempt_started_at next_attempt_at hour_started_at
hour_attempts uncertain_since suspect_until due_at last_error_code last_error_at last_sync_at connected_at updated_at
subject_issuer subject_id subject_name scopes accounts selected_account_id selected_account_name details`
  .trim()
  .split(/\s+/)

const INSERT = `
INSERT INTO public.integration_connections AS c (tenant_id, provider, label, id, grant_id, client_id, status,
  status_when_healed, access_token, refresh_token, token_lifetime_ms, token_expires_at, refresh_expires_at,
  data_access_expires_at, due_at, subject_issuer, subject_id, subject_name, scopes, accounts, selected_account_id,
  selected_account_name, details, token_version, row_version, last_sync_at, connected_at, updated_at)
SELECT $1, $2, $3, $4, $5, $6, $7::public.integrations_status, $7::public.integrations_status, $8, $9, $10::double precision,
  moment.now + $10::double precision * interval '1 millisecond',
  moment.now + $11::double precision * interval '1 millisecond',
  moment.now + $12::double precision * interval '1 millisecond',
  moment.now + $13::double precision * interval '1 millisecond',
  $14, $15, $16, $17, $18, $19, $20, $21, 1, 1, moment.now, moment.now, moment.now
FROM (SELECT clock_timestamp() AS now) AS moment`

// Of several first consents at once one may meet either of the two unique indexes of its partition first.
const INSERT_FIRST = `${INSERT} ON CONFLICT DO NOTHING`

const INSERT_OVER = `${INSERT} ON CONFLICT (tenant_id, provider, label) DO UPDATE SET row_version = c.row_version + 1,
  ${REPLACED.map((column) => `${column} = excluded.${column}`).join(', ')}`

/** The parameters of a save, taken before anything is waited for: the caller's objects are the caller's. */
export function saveValues(grant: NewGrant): unknown[] {
  const { tenantId, provider, label, connectionId, grantId, clientId, status, tokens, subject } = grant
  return [
    ...[tenantId, provider, label, connectionId, grantId, clientId, status],
    ...[tokens.accessToken, tokens.refreshToken ?? null],
    ...[grant.expiresInMs, grant.refreshExpiresInMs, grant.dataAccessExpiresInMs].map(storableMsOrNull),
    storableMs(grant.dueInMs),
    ...[subject?.issuer, subject?.id, subject?.name].map(storableTextOrNull),
    grant.scopes.map(storableText),
    storableJson(grant.accounts.slice(0, MAX_ACCOUNTS)),
    ...[grant.selectedAccountId, grant.selectedAccountName].map(storableTextOrNull),
    storableJson(grant.details),
  ]
}

/** Whether there was none and now is one. */
export async function insertFirst(client: PostgresQueries, values: unknown[]): Promise<boolean> {
  return (await client.query(INSERT_FIRST, values)).rowCount === 1
}

/** Replaces the connection if it is still as it was read, and gives what it takes to revoke the grant it had. */
export async function replaceExpected(
  client: PostgresQueries,
  expected: Connection,
  values: unknown[],
): Promise<{ readonly retired: RetiredGrant | undefined } | undefined> {
  const { id, grantId, rowVersion, tokenVersion } = expected
  const key = values.slice(0, 3)
  const seen = [...key, id, grantId, rowVersion, tokenVersion]
  const [row] = (await client.query<RetiredRow>(LOCK_EXPECTED, seen)).rows
  if (row === undefined) return undefined
  await client.query(INSERT_OVER, values)
  return { retired: row.access_token === null ? undefined : toRetiredGrant(row) }
}
