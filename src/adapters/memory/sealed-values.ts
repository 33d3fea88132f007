import { ConfigInvalidError } from '../../domain/errors.ts'
import { connectionKeyText } from '../../domain/model/identifiers.ts'
import type {
  Resealing,
  SealedCursor,
  SealedPage,
  SealedRow,
  SealedRowRef,
  SealedSecrets,
  SealedValues,
} from '../../ports/sealed-values.ts'
import type { ConnectionRow } from './connection-row.ts'
import type { MemoryDatabase, MemoryTables, RevocationRow } from './memory-database.ts'

/** Everything that is sealed in a MemoryDatabase. */
export class MemorySealedValues implements SealedValues {
  readonly #database: MemoryDatabase

  constructor(database: MemoryDatabase) {
    this.#database = database
  }

  async page(cursor: SealedCursor | undefined, limit: number): Promise<SealedPage> {
    if (cursor !== undefined && !/^[cr]:/.test(cursor))
      throw new ConfigInvalidError(['cursor: was not printed by an earlier run'])
    return this.#database.transact(cursor, (after, tables): SealedPage => {
      const rows = sorted(tables).filter(({ place }) => after === undefined || place > after)
      const page = rows.slice(0, limit)
      const next = rows.length > limit ? page.at(-1)?.place : undefined
      return { rows: page.map(({ row }) => row), ...(next === undefined ? {} : { next }) }
    })
  }

  async read(ref: SealedRowRef): Promise<SealedRow | undefined> {
    return this.#database.transact(
      ref,
      (own, tables) => sorted(tables).find(({ row }) => isOf(row, own))?.row,
    )
  }

  async replace(resealings: readonly Resealing[]): Promise<readonly boolean[]> {
    return this.#database.transact(resealings, (own, tables) => own.map((one) => replaced(tables, one)))
  }
}

function sorted(tables: MemoryTables): readonly { readonly place: string; readonly row: SealedRow }[] {
  const connections = tables.connections().flatMap((row) => sealedConnection(row) ?? [])
  const revocations = [...tables.revocations.values()].map(sealedRevocation)
  return [...connections, ...revocations]
    .map((row) => ({ place: placeOf(row), row }))
    .sort((one, other) => (one.place < other.place ? -1 : 1))
}

function placeOf(row: SealedRow): string {
  return row.revocation === undefined ? `c:${connectionKeyText(row)}` : `r:${row.revocation}`
}

function isOf(row: SealedRow, ref: SealedRowRef): boolean {
  return (
    row.tenantId === ref.tenantId &&
    row.provider === ref.provider &&
    row.connectionId === ref.connectionId &&
    row.revocation === ref.revocation
  )
}

function sealedConnection(row: ConnectionRow): SealedRow | undefined {
  if (row.tokens === undefined) return undefined
  const { tenantId, provider, label, id: connectionId, grantId, tokenVersion } = row.connection
  const { candidates, previousRefreshToken } = row
  const secrets = { ...row.tokens, previousRefreshToken, candidates }
  return { tenantId, provider, label, connectionId, grantId, tokenVersion, secrets }
}

function sealedRevocation({ grant, id }: RevocationRow): SealedRow {
  const { tenantId, provider, label, connectionId, grantId, tokenVersion } = grant
  const { accessToken, refreshToken, candidates } = grant
  const secrets = { accessToken, refreshToken, candidates }
  return { revocation: id, tenantId, provider, label, connectionId, grantId, tokenVersion, secrets }
}

function replaced(tables: MemoryTables, { row, secrets }: Resealing): boolean {
  const now = sorted(tables).find((one) => isOf(one.row, row))?.row
  if (now?.grantId !== row.grantId || now.tokenVersion !== row.tokenVersion) return false
  const isUnchanged = (name: 'accessToken' | 'refreshToken' | 'previousRefreshToken'): boolean =>
    now.secrets[name] === row.secrets[name]
  const areCandidatesUnchanged =
    JSON.stringify(now.secrets.candidates) === JSON.stringify(row.secrets.candidates)
  put(tables, now, {
    accessToken: isUnchanged('accessToken') ? secrets.accessToken : now.secrets.accessToken,
    refreshToken: isUnchanged('refreshToken') ? secrets.refreshToken : now.secrets.refreshToken,
    previousRefreshToken: isUnchanged('previousRefreshToken')
      ? secrets.previousRefreshToken
      : now.secrets.previousRefreshToken,
    candidates: areCandidatesUnchanged ? secrets.candidates : now.secrets.candidates,
  })
  return (
    isUnchanged('accessToken') &&
    isUnchanged('refreshToken') &&
    isUnchanged('previousRefreshToken') &&
    areCandidatesUnchanged
  )
}

function put(tables: MemoryTables, row: SealedRow, secrets: SealedSecrets): void {
  const { accessToken, refreshToken, previousRefreshToken, candidates } = secrets
  const queued = row.revocation === undefined ? undefined : tables.revocations.get(row.revocation)
  if (queued !== undefined) {
    const grant = { ...queued.grant, accessToken, refreshToken, candidates }
    tables.revocations.set(queued.id, { ...queued, grant })
    return
  }
  const connection = tables.connection(row)
  if (connection === undefined || accessToken === undefined) return
  tables.put({ ...connection, tokens: { accessToken, refreshToken }, previousRefreshToken, candidates })
}
