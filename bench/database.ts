import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { startPostgres } from '../dev/services/postgres.ts'
import { migrate } from '../src/adapters/postgres/index.ts'
import { Secret } from '../src/domain/model/secret.ts'
import type { TenantId } from '../src/domain/model/identifiers.ts'
import type { Cipher } from '../src/ports/cipher.ts'

export interface BenchDatabase {
  readonly url: string
  stop(): Promise<void>
}

/** A migrated database of the benchmark's own. Its server does what it does in production but wait for the disk. */
export async function benchDatabase(): Promise<BenchDatabase> {
  const server = await startPostgres({
    isDedicated: true,
    settings: { shared_buffers: '512MB', max_wal_size: '4GB', jit: 'off' },
  })
  // No path of this build: the migrations lie beside the sources.
  const folder = new URL(`file://${process.cwd()}/migrations/`)
  await migrate({ connectionString: server.url, folder })
  return { url: server.url, stop: () => server.stop() }
}

export async function onClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

export interface SeededConnections {
  readonly cipher: Cipher
  readonly tenants: readonly TenantId[]
  readonly provider: string
  readonly clientId: string
  /** Until the access token's end; negative: it has ended. */
  readonly remainingMs: number
  /** What the grant of a tenant is refreshed with. */
  readonly refreshToken: (tenantId: TenantId) => string
}

const INSERT = `
INSERT INTO public.integration_connections (
  tenant_id, provider, label, id, grant_id, client_id, status, status_when_healed, token_version, row_version,
  access_token, refresh_token, token_lifetime_ms, token_expires_at, due_at, connected_at, updated_at)
SELECT t.tenant, $2, 'default', t.id, t.grant_id, $3, 'active', 'active', 1, 1, t.access_token, t.refresh_token, 3600000,
  clock_timestamp() + $4 * interval '1 millisecond',
  clock_timestamp() + ($4 - 1200000) * interval '1 millisecond', clock_timestamp(), clock_timestamp()
FROM json_to_recordset($1::json) AS t(tenant text, id text, grant_id text, access_token text, refresh_token text)`

const BATCH = 2_000

/** Connections with tokens of their own, sealed as the library seals them. */
export async function seedConnections(client: Client, seeded: SeededConnections): Promise<void> {
  for (let start = 0; start < seeded.tenants.length; start += BATCH) {
    const tenants = seeded.tenants.slice(start, start + BATCH)
    const rows = await Promise.all(tenants.map((tenantId) => rowOf(tenantId, seeded)))
    await client.query(INSERT, [JSON.stringify(rows), seeded.provider, seeded.clientId, seeded.remainingMs])
  }
}

/** Connections that nobody asks for and that are not due: they make the table as large as it should be. */
export async function seedBystanders(client: Client, provider: string, count: number): Promise<void> {
  await client.query(
    `INSERT INTO public.integration_connections (
      tenant_id, provider, label, id, grant_id, client_id, status, status_when_healed, token_version, row_version,
      access_token, refresh_token, token_lifetime_ms, token_expires_at, due_at, connected_at, updated_at)
    SELECT 'bystander-' || n, $1, 'default', gen_random_uuid(), gen_random_uuid(), 'client', 'active', 'active', 1, 1,
      $2, $3, 3600000, clock_timestamp() + interval '1 hour' + n * interval '20 milliseconds',
      clock_timestamp() + interval '1 hour' + n * interval '20 milliseconds', clock_timestamp(), clock_timestamp()
    FROM generate_series(1, $4::integer) AS n`,
    [provider, `c1.a.${'b'.repeat(327)}`, `c1.a.${'c'.repeat(200)}`, count],
  )
}

async function rowOf(
  tenantId: TenantId,
  { cipher, provider, refreshToken }: SeededConnections,
): Promise<Readonly<Record<string, string>>> {
  const [connectionId, grantId] = [uuidLike(), uuidLike()]
  const context = {
    purpose: 'connection',
    tenantId,
    provider,
    connectionId,
    grantId,
    tokenVersion: 1,
  } as const
  const accessToken = `ya29.${randomBytes(146).toString('base64url').slice(0, 195)}`
  const sealedAccess = await cipher.seal(new Secret(accessToken), { ...context, field: 'access_token' })
  const refresh = new Secret(refreshToken(tenantId))
  const sealedRefresh = await cipher.seal(refresh, { ...context, field: 'refresh_token' })
  return {
    tenant: tenantId,
    id: connectionId,
    grant_id: grantId,
    access_token: sealedAccess,
    refresh_token: sealedRefresh,
  }
}

function uuidLike(): string {
  const hex = randomBytes(16).toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
