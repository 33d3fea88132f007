import { createDecipheriv } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Client, Pool } from 'pg'
import { associatedData } from '../src/adapters/aes-gcm/associated-data.ts'
import type { KeyRing } from '../src/adapters/aes-gcm/index.ts'
import type { ProviderName, TenantId } from '../src/domain/model/identifiers.ts'
import { pick } from './rounds.ts'

const SELECT = `
SELECT id, grant_id, token_version, status, access_token, token_expires_at
FROM public.google_ads_connections WHERE tenant_id = $1 AND label = $2`

interface BareRow {
  readonly id: string
  readonly grant_id: string
  readonly token_version: number
  readonly status: string
  readonly access_token: string
  readonly token_expires_at: Date
}

interface Known {
  readonly tenantId: TenantId
  readonly key: KeyObject
  readonly aad: Buffer
}

/** The least that could be done by hand: a prepared SELECT over a pool as a superuser, and one opening. */
export async function bareReader(
  pool: Pool,
  ring: KeyRing,
  tenants: readonly TenantId[],
): Promise<(turn: number) => Promise<string>> {
  const known = await knownTenants(pool, ring, tenants)
  return async (turn) => {
    const tenant = tenantAt(known, tenants, turn)
    const answer = await pool.query<BareRow>({
      name: 'bare',
      text: SELECT,
      values: [tenant.tenantId, 'default'],
    })
    const [row] = answer.rows
    if (row === undefined) throw new Error('a row is missing')
    return open(row.access_token, tenant)
  }
}

const FUNCTION = 'SELECT public.integrations_read_google_ads_connections($1, $2, $3) AS answer'
const ACCESS_TOKEN_AT = 3

/** The least that a read with row security can be: the prepared function on one connection, and one opening. */
export async function securedReader(
  { client, pool }: { readonly client: Client; readonly pool: Pool },
  ring: KeyRing,
  tenants: readonly TenantId[],
): Promise<(turn: number) => Promise<string>> {
  const known = await knownTenants(pool, ring, tenants)
  return async (turn) => {
    const tenant = tenantAt(known, tenants, turn)
    const values = [tenant.tenantId, 'google_ads', 'default']
    const { rows } = await client.query<{ answer: string }>({ name: 'secured', text: FUNCTION, values })
    const reading = JSON.parse(rows[0]?.answer ?? '[]') as readonly unknown[]
    return open(String(reading[ACCESS_TOKEN_AT]), tenant)
  }
}

/** Keys and associated data are made beforehand; neither tenant nor format nor expiry is looked at. */
async function knownTenants(
  pool: Pool,
  ring: KeyRing,
  tenants: readonly TenantId[],
): Promise<ReadonlyMap<TenantId, Known>> {
  const { primary } = await ring.ready()
  const { rows } = await pool.query<BareRow & { tenant_id: TenantId; provider: ProviderName }>(
    `SELECT tenant_id, provider, id, grant_id, token_version FROM public.google_ads_connections WHERE tenant_id = ANY ($1)`,
    [tenants],
  )
  return new Map(
    rows.map((row): [TenantId, Known] => {
      const context = {
        purpose: 'connection',
        tenantId: row.tenant_id,
        provider: row.provider,
        connectionId: row.id,
        grantId: row.grant_id,
        tokenVersion: row.token_version,
        field: 'access_token',
      } as const
      const aad = Buffer.from(associatedData(primary.header, context))
      return [row.tenant_id, { tenantId: row.tenant_id, key: primary.subkey(row.tenant_id), aad }]
    }),
  )
}

function tenantAt(known: ReadonlyMap<TenantId, Known>, tenants: readonly TenantId[], turn: number): Known {
  const tenant = known.get(pick(tenants, turn))
  if (tenant === undefined) throw new Error('a tenant is missing')
  return tenant
}

const HEADER_LENGTH = 28

function open(sealed: string, { key, aad }: Known): string {
  const body = Buffer.from(sealed.slice(HEADER_LENGTH), 'base64url')
  const gcm = createDecipheriv('aes-256-gcm', key, body.subarray(0, 12), { authTagLength: 16 })
  gcm.setAAD(aad)
  gcm.setAuthTag(body.subarray(-16))
  const text = gcm.update(body.subarray(12, -16)).toString('utf8')
  gcm.final()
  return text
}
