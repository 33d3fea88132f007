/** `active` seals and opens; `decrypt` only opens; `revoked` does neither, for good. */
export type DataKeyState = 'active' | 'decrypt' | 'revoked'

/** A data key as it is generated: nothing of it is secret. */
export interface WrappedDataKey {
  readonly id: string
  /** Tenants that share their data keys share a partition. */
  readonly partition: string
  /** The key of the service that wraps it. */
  readonly kmsKeyId: string
  readonly wrapped: Uint8Array
  /** Derived from the unwrapped key, so that a row cannot be made to yield another one. */
  readonly fingerprint: string
}

/** A wrapped data key as it is stored. */
export interface DataKeyRow extends WrappedDataKey {
  /** 1, 2, 3, … within the partition. */
  readonly generation: number
  readonly state: DataKeyState
  /** By the store's clock. */
  readonly ageMs: number
}

/**
 * Keeps wrapped data keys. At most one of a partition is active.
 * Every adapter passes `dataKeyStoreContract` and rejects with StoreUnavailableError when it cannot reach its store.
 */
export interface DataKeyStore {
  find(id: string): Promise<DataKeyRow | undefined>

  /** The partition's keys that are not revoked, the newest first, at most `limit`. */
  newest(partition: string, limit: number): Promise<readonly DataKeyRow[]>

  /**
   * Makes `key` the active one if the partition has none, or if its active one is `replacedId`, which then only opens.
   * Resolves the active key there is afterwards: of any number of concurrent callers, all get the same.
   */
  insert(key: WrappedDataKey, replacedId: string | undefined): Promise<DataKeyRow>

  /** Which of these keys are in which state now; what is missing is no more. */
  states(ids: readonly string[]): Promise<ReadonlyMap<string, DataKeyState>>

  /** Keys that are not revoked, in the order of their ids, from behind `afterId` on. */
  list(afterId: string | undefined, limit: number): Promise<readonly DataKeyRow[]>

  /** Replaces the wrapping if it is still `row.wrapped`. Resolves whether it was. */
  rewrap(row: DataKeyRow, kmsKeyId: string, wrapped: Uint8Array): Promise<boolean>

  /** The active key only opens from now on, and its partition has none that seals. Resolves whether it was active. */
  retire(id: string): Promise<boolean>

  /** Final: the wrapped key is erased. Resolves whether there was such a key that was not revoked. */
  revoke(id: string): Promise<boolean>
}
