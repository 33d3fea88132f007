import type { Instant } from '../../domain/model/time.ts'
import type { Clock } from '../../ports/clock.ts'
import type { DataKeyRow, DataKeyState, DataKeyStore, WrappedDataKey } from '../../ports/data-key-store.ts'

type KeptRow = Omit<DataKeyRow, 'ageMs'> & { readonly createdAt: Instant }

/** Wrapped data keys in the memory of one process, for tests: values outlive them in any real store. */
export class MemoryDataKeyStore implements DataKeyStore {
  readonly #clock: Clock
  readonly #rows = new Map<string, KeptRow>()

  constructor(options: { readonly clock: Clock }) {
    this.#clock = options.clock
  }

  async find(id: string): Promise<DataKeyRow | undefined> {
    const row = this.#rows.get(id)
    return row === undefined ? undefined : this.#shown(row)
  }

  async newest(partition: string, limit: number): Promise<readonly DataKeyRow[]> {
    return this.#live()
      .filter((row) => row.partition === partition)
      .sort((one, other) => other.generation - one.generation)
      .slice(0, limit)
      .map((row) => this.#shown(row))
  }

  async insert(key: WrappedDataKey, replacedId: string | undefined): Promise<DataKeyRow> {
    const ofPartition = [...this.#rows.values()].filter((row) => row.partition === key.partition)
    const active = ofPartition.find((row) => row.state === 'active')
    if (active !== undefined && active.id !== replacedId) return this.#shown(active)
    if (active !== undefined) this.#rows.set(active.id, { ...active, state: 'decrypt' })
    const generation = Math.max(0, ...ofPartition.map((row) => row.generation)) + 1
    const row = { ...copyOf(key), generation, state: 'active', createdAt: this.#clock.now() } as const
    this.#rows.set(key.id, row)
    return this.#shown(row)
  }

  async states(ids: readonly string[]): Promise<ReadonlyMap<string, DataKeyState>> {
    const found = ids.flatMap((id) => this.#rows.get(id) ?? [])
    return new Map(found.map((row) => [row.id, row.state]))
  }

  async list(afterId: string | undefined, limit: number): Promise<readonly DataKeyRow[]> {
    return this.#live()
      .filter((row) => afterId === undefined || row.id > afterId)
      .sort((one, other) => (one.id < other.id ? -1 : 1))
      .slice(0, limit)
      .map((row) => this.#shown(row))
  }

  async rewrap(row: DataKeyRow, kmsKeyId: string, wrapped: Uint8Array): Promise<boolean> {
    const kept = this.#rows.get(row.id)
    if (kept === undefined || kept.state === 'revoked' || !isEqual(kept.wrapped, row.wrapped)) return false
    this.#rows.set(row.id, copyOf({ ...kept, kmsKeyId, wrapped }))
    return true
  }

  async retire(id: string): Promise<boolean> {
    const kept = this.#rows.get(id)
    if (kept?.state !== 'active') return false
    this.#rows.set(id, { ...kept, state: 'decrypt' })
    return true
  }

  async revoke(id: string): Promise<boolean> {
    const kept = this.#rows.get(id)
    if (kept === undefined || kept.state === 'revoked') return false
    this.#rows.set(id, { ...kept, state: 'revoked', wrapped: new Uint8Array() })
    return true
  }

  #live(): KeptRow[] {
    return [...this.#rows.values()].filter((row) => row.state !== 'revoked')
  }

  #shown({ createdAt, ...row }: KeptRow): DataKeyRow {
    return { ...copyOf(row), ageMs: this.#clock.now() - createdAt }
  }
}

function copyOf<Key extends WrappedDataKey>(key: Key): Key {
  return { ...key, wrapped: Uint8Array.from(key.wrapped) }
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index])
}
