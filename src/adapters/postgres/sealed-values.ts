import { ConfigInvalidError } from '../../domain/errors.ts'
import type { TenantId } from '../../domain/model/identifiers.ts'
import type { SealedCandidate } from '../../ports/refresh-leases.ts'
import type {
  Resealing,
  SealedCursor,
  SealedPage,
  SealedRow,
  SealedRowRef,
  SealedSecrets,
  SealedValues,
} from '../../ports/sealed-values.ts'
import { toSealed } from './connection-row.ts'
import { SingleStatements } from './single-statement.ts'
import type { StatementPool } from './single-statement.ts'

const CONNECTIONS = 'SELECT * FROM public.integrations_sealed_keys($1, $2, $3, $4)'
const REVOCATIONS = 'SELECT * FROM public.integrations_sealed_revocation_keys($1, $2)'
const SEALED = 'SELECT * FROM public.integrations_sealed($1::json)'
const RESEAL = 'SELECT item FROM public.integrations_reseal($1::json)'

/** A page of a hundred rows takes longer than a statement about one. */
const PAGE_TIMEOUT_MS = 15_000

type SealedRowOfTable = {
  readonly revocation: string | null
  readonly tenant_id: TenantId
  readonly provider: string
  readonly label: string
  readonly connection_id: string
  readonly grant_id: string
  readonly token_version: number
  readonly access_token: string | null
  readonly refresh_token: string | null
  readonly previous_refresh_token: string | null
  readonly candidates: readonly SealedCandidate[]
}

type Key = Readonly<Record<string, string>>

/** Behind which connection (tenant, provider, label), or else behind which revocation. */
type Place = readonly ['c', string, string, string] | readonly ['r', string]

const FIRST: Place = ['c', '', '', '']
const FIRST_REVOCATION: Place = ['r', '']

/** Everything that is sealed in Postgres, found by a role that may read no secret. */
export class PostgresSealedValues implements SealedValues {
  readonly #statements: SingleStatements

  constructor({ pool }: { readonly pool: StatementPool }) {
    this.#statements = new SingleStatements({ pool, timeoutMs: PAGE_TIMEOUT_MS })
  }

  async page(cursor: SealedCursor | undefined, limit: number): Promise<SealedPage> {
    const after = cursor === undefined ? FIRST : parseCursor(cursor)
    const keys = await this.#keysAfter(after, limit)
    const rows = keys.length === 0 ? [] : await this.#read(keys)
    const next = placeBehind(after, keys, limit)
    return { rows, ...(next === undefined ? {} : { next: printCursor(next) }) }
  }

  async read({ tenantId, provider, connectionId, revocation }: SealedRowRef): Promise<SealedRow | undefined> {
    const [row] = await this.#read([
      revocation === undefined
        ? { tenant_id: tenantId, provider, connection_id: connectionId }
        : { tenant_id: tenantId, revocation },
    ])
    return row
  }

  async replace(resealings: readonly Resealing[]): Promise<readonly boolean[]> {
    if (resealings.length === 0) return []
    const items = resealings.map((resealing, item) => ({ item, ...storableResealing(resealing) }))
    const replaced = await this.#statements.run<{ item: number }>(RESEAL, [JSON.stringify(items)])
    const done = new Set(replaced.map(({ item }) => item))
    return resealings.map((_, item) => done.has(item))
  }

  async #keysAfter(after: Place, limit: number): Promise<readonly Key[]> {
    const [kind, ...values] = after
    return this.#statements.run<Key>(kind === 'c' ? CONNECTIONS : REVOCATIONS, [...values, limit])
  }

  async #read(keys: readonly Key[]): Promise<readonly SealedRow[]> {
    return (await this.#statements.run<SealedRowOfTable>(SEALED, [JSON.stringify(keys)])).map(toRow)
  }
}

/** Where the next page begins; `undefined` behind the last revocation. */
function placeBehind(after: Place, keys: readonly Key[], limit: number): Place | undefined {
  const last = keys.at(-1)
  if (last === undefined || keys.length < limit) return after[0] === 'c' ? FIRST_REVOCATION : undefined
  const { label = '', provider = '', revocation = '', tenant_id: tenantId = '' } = last
  return after[0] === 'c' ? ['c', tenantId, provider, label] : ['r', revocation]
}

function printCursor(place: Place): SealedCursor {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

function parseCursor(cursor: SealedCursor): Place {
  const [kind, first, second, third]: readonly unknown[] = partsOf(cursor)
  if (kind === 'r' && typeof first === 'string') return ['r', first]
  if (kind === 'c' && typeof first === 'string' && typeof second === 'string' && typeof third === 'string')
    return ['c', first, second, third]
  throw new ConfigInvalidError(['cursor: was not printed by an earlier run'])
}

function partsOf(cursor: SealedCursor): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return Array.isArray(parts) ? parts : []
  } catch {
    return []
  }
}

function toRow(row: SealedRowOfTable): SealedRow {
  return {
    ...(row.revocation === null ? {} : { revocation: row.revocation }),
    tenantId: row.tenant_id,
    provider: row.provider,
    label: row.label,
    connectionId: row.connection_id,
    grantId: row.grant_id,
    tokenVersion: row.token_version,
    secrets: {
      accessToken: toSealed(row.access_token),
      refreshToken: toSealed(row.refresh_token),
      previousRefreshToken: toSealed(row.previous_refresh_token),
      candidates: row.candidates,
    },
  }
}

function storableResealing({ row, secrets }: Resealing): Readonly<Record<string, unknown>> {
  return {
    revocation: row.revocation ?? null,
    tenant_id: row.tenantId,
    provider: row.provider,
    label: row.label,
    connection_id: row.connectionId,
    grant_id: row.grantId,
    token_version: row.tokenVersion,
    ...storableSecrets('old', row.secrets),
    ...storableSecrets('new', secrets),
  }
}

function storableSecrets(prefix: 'old' | 'new', secrets: SealedSecrets): Readonly<Record<string, unknown>> {
  return {
    [`${prefix}_access`]: secrets.accessToken ?? null,
    [`${prefix}_refresh`]: secrets.refreshToken ?? null,
    [`${prefix}_previous`]: secrets.previousRefreshToken ?? null,
    [`${prefix}_candidates`]: secrets.candidates,
  }
}
