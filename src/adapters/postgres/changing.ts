import { MAX_ACCOUNTS } from '../../domain/model/ad-account.ts'
import type { Connection } from '../../domain/model/connection.ts'
import type { ConnectionPatch } from '../../ports/token-store.ts'
import { storableJson, storableMsOrNull, storableText, storableTextOrNull } from './storable.ts'

/** The statement that makes a patch real, if the row is still what it was made for. */
export function changeStatement(
  connection: Connection,
  patch: ConnectionPatch,
): { readonly text: string; readonly values: unknown[] } {
  const { tenantId, provider, label, id, grantId, rowVersion } = connection
  const values: unknown[] = [tenantId, provider, label, id, grantId, rowVersion]
  const parameter = (value: unknown): string => `$${values.push(value)}`
  const assignments = [
    'row_version = c.row_version + 1',
    'updated_at = clock_timestamp()',
    ...sets(patch, parameter),
  ]
  return {
    text: `
UPDATE public.integration_connections c SET ${assignments.join(', ')}
WHERE c.tenant_id = $1 AND c.provider = $2 AND c.label = $3 AND c.id = $4 AND c.grant_id = $5 AND c.row_version = $6`,
    values,
  }
}

function sets(patch: ConnectionPatch, parameter: (value: unknown) => string): readonly string[] {
  const { status, accounts, selectedAccountId, selectedAccountName, details } = patch
  const { rejectedVersion, dataAccessExpiresInMs, isVerified } = patch
  return [
    ...(status === undefined ? [] : ["status = 'active'", "status_when_healed = 'active'"]),
    ...(accounts === undefined
      ? []
      : [`accounts = ${parameter(storableJson(accounts.slice(0, MAX_ACCOUNTS)))}`]),
    ...(selectedAccountId === undefined
      ? []
      : [`selected_account_id = ${parameter(storableText(selectedAccountId))}`]),
    ...(selectedAccountName === undefined
      ? []
      : [`selected_account_name = ${parameter(storableTextOrNull(selectedAccountName))}`]),
    ...(details === undefined ? [] : [`details = ${parameter(storableJson(details))}`]),
    ...(rejectedVersion === undefined ? [] : [`rejected_version = ${parameter(rejectedVersion)}`]),
    ...(dataAccessExpiresInMs === undefined
      ? []
      : [dataAccessEnd(parameter(storableMsOrNull(dataAccessExpiresInMs)))]),
    ...(isVerified === true ? ['last_sync_at = clock_timestamp()'] : []),
  ]
}

function dataAccessEnd(inMs: string): string {
  return `data_access_expires_at = clock_timestamp() + ${inMs}::double precision * interval '1 millisecond'`
}
