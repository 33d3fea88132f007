import type { Connection } from '../../domain/model/connection.ts'
import type { ConnectionKey, TenantId } from '../../domain/model/identifiers.ts'
import type { Instant } from '../../domain/model/time.ts'
import type {
  ConnectionFilter,
  ConnectionPatch,
  Disconnection,
  NewGrant,
  Replacement,
  Retirement,
  SaveOutcome,
  TokenReading,
  TokenStore,
} from '../../ports/token-store.ts'
import { after, readingOf, retiredGrantOf, rowOf, untried } from './connection-row.ts'
import type { ConnectionRow } from './connection-row.ts'
import type { MemoryDatabase } from './memory-database.ts'

/** Connections in memory; see MemoryDatabase. */
export class MemoryTokenStore implements TokenStore {
  readonly #database: MemoryDatabase

  constructor(database: MemoryDatabase) {
    this.#database = database
  }

  async read(key: ConnectionKey): Promise<TokenReading | undefined> {
    return this.#database.transact(key, (own, tables, now) => {
      const row = tables.connection(own)
      return row === undefined ? undefined : readingOf(row, now)
    })
  }

  async list(tenantId: TenantId, filter: ConnectionFilter = {}): Promise<readonly Connection[]> {
    return this.#database.transact(filter, ({ provider, label }, tables) =>
      tables
        .connections()
        .map((row) => row.connection)
        .filter((connection) => connection.tenantId === tenantId)
        .filter((connection) => provider === undefined || connection.provider === provider)
        .filter((connection) => label === undefined || connection.label === label)
        .sort((a, b) => compare(a.provider, b.provider) || compare(a.label, b.label)),
    )
  }

  async save(grant: NewGrant, replacement?: Replacement): Promise<SaveOutcome> {
    return this.#database.transact({ grant, replacement }, (own, tables, now): SaveOutcome => {
      const existing = tables.connection(own.grant)
      if (!isAsExpected(existing?.connection, own.replacement?.expected)) return { saved: false }
      tables.put(rowOf(own.grant, existing, now))
      const replaced = existing === undefined ? undefined : retiredGrantOf(existing)
      if (replaced === undefined || own.replacement?.queueForRevocation !== true) return { saved: true }
      return { saved: true, revocation: tables.queue(replaced, now) }
    })
  }

  async change(connection: Connection, patch: ConnectionPatch): Promise<boolean> {
    return this.#database.transact({ connection, patch }, (own, tables, now) => {
      const row = tables.connection(own.connection)
      if (row === undefined || !isUnchanged(row.connection, own.connection)) return false
      tables.put(patched(row, own.patch, now))
      return true
    })
  }

  async disconnect(
    key: ConnectionKey,
    { queueForRevocation }: Retirement,
  ): Promise<Disconnection | undefined> {
    return this.#database.transact(key, (own, tables, now) => {
      const row = tables.connection(own)
      const grant = row === undefined ? undefined : retiredGrantOf(row)
      if (row === undefined || grant === undefined) return undefined
      tables.put(disconnected(row, now))
      const { connectionId } = grant
      return queueForRevocation ? { connectionId, revocation: tables.queue(grant, now) } : { connectionId }
    })
  }

  async deleteTenant(tenantId: TenantId): Promise<number> {
    return this.#database.transact(tenantId, (own, tables) => {
      const rows = tables
        .connections()
        .filter(({ connection }) => connection.tenantId === own && connection.status === 'disconnected')
      for (const row of rows) tables.remove(row.connection)
      return rows.length
    })
  }
}

function isAsExpected(existing: Connection | undefined, expected: Connection | undefined): boolean {
  if (existing === undefined || expected === undefined) return existing === expected
  return isUnchanged(existing, expected) && existing.tokenVersion === expected.tokenVersion
}

function isUnchanged(existing: Connection, seen: Connection): boolean {
  return (
    existing.id === seen.id && existing.grantId === seen.grantId && existing.rowVersion === seen.rowVersion
  )
}

function patched(row: ConnectionRow, patch: ConnectionPatch, now: Instant): ConnectionRow {
  const { selectedAccountName, ...rest } = row.connection
  const { dataAccessExpiresInMs, isVerified, ...others } = patch
  const { selectedAccountName: name = selectedAccountName, ...changes } = others
  const connection: Connection = {
    ...rest,
    ...changes,
    ...(typeof name === 'string' ? { selectedAccountName: name } : {}),
    dataAccessExpiresAt:
      dataAccessExpiresInMs === undefined ? rest.dataAccessExpiresAt : after(now, dataAccessExpiresInMs),
    lastSyncAt: isVerified === true ? now : rest.lastSyncAt,
    rowVersion: rest.rowVersion + 1,
    updatedAt: now,
  }
  return { ...row, connection, statusWhenHealed: patch.status ?? row.statusWhenHealed }
}

function disconnected(row: ConnectionRow, now: Instant): ConnectionRow {
  // What the provider told of people and accounts goes with the grant.
  const {
    lastErrorCode: _code,
    lastErrorAt: _at,
    reauthReason: _reason,
    subject: _subject,
    selectedAccountId: _selected,
    selectedAccountName: _name,
    ...rest
  } = row.connection
  return {
    ...row,
    connection: {
      ...rest,
      status: 'disconnected',
      scopes: [],
      accounts: [],
      details: {},
      tokenExpiresAt: null,
      refreshExpiresAt: null,
      dataAccessExpiresAt: null,
      rowVersion: rest.rowVersion + 1,
      updatedAt: now,
    },
    lifetimeMs: null,
    tokens: undefined,
    previousRefreshToken: undefined,
    candidates: [],
    refresh: untried(row.refresh.epoch),
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
