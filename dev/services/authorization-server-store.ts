import type { Adapter, AdapterPayload } from 'oidc-provider'

interface Kept {
  readonly payload: AdapterPayload
  readonly endsAt: number
}

/**
 * Where oidc-provider keeps what it issues. Its own memory holds a thousand entries and then forgets the oldest, so that
 * tokens of a larger test would die for no reason.
 */
export function authorizationServerStore(): (kind: string) => Adapter {
  const kept = new Map<string, Kept>()
  return (kind) => new StoreOfKind(kind, kept)
}

class StoreOfKind implements Adapter {
  readonly #kind: string
  readonly #kept: Map<string, Kept>

  constructor(kind: string, kept: Map<string, Kept>) {
    this.#kind = kind
    this.#kept = kept
  }

  async upsert(id: string, payload: AdapterPayload, expiresInSeconds?: number): Promise<void> {
    const endsAt = expiresInSeconds === undefined ? Infinity : Date.now() + expiresInSeconds * 1_000
    this.#kept.set(this.#keyOf(id), { payload, endsAt })
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    return this.#alive(this.#keyOf(id))
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    for (const [key, { payload }] of this.#kept) {
      if (key.startsWith(`${this.#kind}:`) && payload.uid === uid) return this.#alive(key)
    }
    return undefined
  }

  /** Of the device flow, which nobody uses here. */
  async findByUserCode(): Promise<undefined> {
    return undefined
  }

  async consume(id: string): Promise<void> {
    const payload = this.#alive(this.#keyOf(id))
    if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1_000)
  }

  async destroy(id: string): Promise<void> {
    this.#kept.delete(this.#keyOf(id))
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    for (const [key, { payload }] of this.#kept) {
      if (payload.grantId === grantId) this.#kept.delete(key)
    }
  }

  #keyOf(id: string): string {
    return `${this.#kind}:${id}`
  }

  #alive(key: string): AdapterPayload | undefined {
    const found = this.#kept.get(key)
    if (found !== undefined && found.endsAt > Date.now()) return found.payload
    this.#kept.delete(key)
    return undefined
  }
}
