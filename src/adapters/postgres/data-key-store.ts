import { StoreUnavailableError } from '../../domain/errors.ts'
import type { DataKeyRow, DataKeyState, DataKeyStore, WrappedDataKey } from '../../ports/data-key-store.ts'
import { SingleStatements } from './single-statement.ts'
import type { StatementPoolOptions } from './single-statement.ts'

const COLUMNS = `id, partition, generation, kms_key_id, wrapped, fingerprint, state,
  (extract(epoch FROM clock_timestamp() - created_at) * 1000)::double precision AS age_ms`

const FIND = `SELECT ${COLUMNS} FROM public.data_keys WHERE id = $1`

const NEWEST = `
SELECT ${COLUMNS} FROM public.data_keys WHERE partition = $1 AND state <> 'revoked'
ORDER BY generation DESC LIMIT $2`

const ACTIVE = `SELECT ${COLUMNS} FROM public.data_keys WHERE partition = $1 AND state = 'active'`

const INSERT_FIRST = `
INSERT INTO public.data_keys (id, partition, generation, kms_key_id, wrapped, fingerprint, state)
SELECT $1::text, $2::text, 1 + coalesce(max(generation), 0), $3::text, $4::text, $5::text, 'active'
FROM public.data_keys WHERE partition = $2
ON CONFLICT DO NOTHING`

// Whoever comes second waits for the first one's commit, and then finds that the key to replace is active no more.
const INSERT_NEXT = `
WITH replaced AS (
  UPDATE public.data_keys SET state = 'decrypt' WHERE id = $6 AND partition = $2 AND state = 'active' RETURNING generation
)
INSERT INTO public.data_keys (id, partition, generation, kms_key_id, wrapped, fingerprint, state)
SELECT $1::text, $2::text, 1 + generation, $3::text, $4::text, $5::text, 'active' FROM replaced
ON CONFLICT DO NOTHING`

const STATES = `
SELECT id, state FROM public.data_keys WHERE id IN (SELECT jsonb_array_elements_text($1::jsonb))`

const LIST = `
SELECT ${COLUMNS} FROM public.data_keys WHERE id > $1 AND state <> 'revoked' ORDER BY id LIMIT $2`

const REWRAP = `
UPDATE public.data_keys SET kms_key_id = $3, wrapped = $4
WHERE id = $1 AND wrapped = $2 AND state <> 'revoked' RETURNING id`

const RETIRE = `UPDATE public.data_keys SET state = 'decrypt' WHERE id = $1 AND state = 'active' RETURNING id`

// With the wrapping kept, one UPDATE by hand would bring the key back.
const REVOKE = `
UPDATE public.data_keys SET state = 'revoked', wrapped = '' WHERE id = $1 AND state <> 'revoked' RETURNING id`

const MAX_TRIES = 5

type DataKeyTableRow = {
  readonly id: string
  readonly partition: string
  readonly generation: number
  readonly kms_key_id: string
  readonly wrapped: string
  readonly fingerprint: string
  readonly state: DataKeyState
  readonly age_ms: number
}

/** Wrapped data keys in Postgres. */
export class PostgresDataKeyStore implements DataKeyStore {
  readonly #statements: SingleStatements

  constructor(options: StatementPoolOptions) {
    this.#statements = new SingleStatements(options)
  }

  async find(id: string): Promise<DataKeyRow | undefined> {
    return toRows(await this.#statements.run<DataKeyTableRow>(FIND, [id]))[0]
  }

  async newest(partition: string, limit: number): Promise<readonly DataKeyRow[]> {
    return toRows(await this.#statements.run<DataKeyTableRow>(NEWEST, [partition, limit]))
  }

  async insert(key: WrappedDataKey, replacedId: string | undefined): Promise<DataKeyRow> {
    const values = [key.id, key.partition, key.kmsKeyId, base64(key.wrapped), key.fingerprint]
    if (replacedId !== undefined) await this.#statements.run(INSERT_NEXT, [...values, replacedId])
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const [active] = toRows(await this.#statements.run<DataKeyTableRow>(ACTIVE, [key.partition]))
      if (active !== undefined) return active
      // There is none yet, or the one to replace was revoked a moment ago.
      await this.#statements.run(INSERT_FIRST, values)
    }
    throw new StoreUnavailableError('Postgres', 'data keys are being revoked as they are made')
  }

  async states(ids: readonly string[]): Promise<ReadonlyMap<string, DataKeyState>> {
    const rows = await this.#statements.run<Pick<DataKeyTableRow, 'id' | 'state'>>(STATES, [
      JSON.stringify(ids),
    ])
    return new Map(rows.map(({ id, state }) => [id, state]))
  }

  async list(afterId: string | undefined, limit: number): Promise<readonly DataKeyRow[]> {
    return toRows(await this.#statements.run<DataKeyTableRow>(LIST, [afterId ?? '', limit]))
  }

  async rewrap(row: DataKeyRow, kmsKeyId: string, wrapped: Uint8Array): Promise<boolean> {
    const values = [row.id, base64(row.wrapped), kmsKeyId, base64(wrapped)]
    return (await this.#statements.run(REWRAP, values)).length > 0
  }

  async retire(id: string): Promise<boolean> {
    return (await this.#statements.run(RETIRE, [id])).length > 0
  }

  async revoke(id: string): Promise<boolean> {
    return (await this.#statements.run(REVOKE, [id])).length > 0
  }
}

function toRows(rows: readonly DataKeyTableRow[]): DataKeyRow[] {
  return rows.map(({ age_ms: ageMs, kms_key_id: kmsKeyId, wrapped, ...row }) => ({
    ...row,
    kmsKeyId,
    ageMs,
    wrapped: Uint8Array.from(Buffer.from(wrapped, 'base64')),
  }))
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
