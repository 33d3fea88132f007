import type { TenantId } from '../domain/model/identifiers.ts'

/** A key that leaves the process only wrapped by a key management service. */
export interface DataKey {
  /** 16 random bytes in base64url: what values sealed under it refer to. */
  readonly id: string

  /** 32 bytes for one use, told apart from other uses by `info` (HKDF-Expand with SHA-256, RFC 5869 §2.3). */
  derive(info: Uint8Array): Uint8Array
}

/** Data keys, unwrapped and kept in memory for a bounded time. */
export interface DataKeys {
  /**
   * The key under which one more value of the tenant is sealed, or of no tenant; new where there is none or where the
   * present one has served its time or its number of values.
   * @throws CipherUnavailableError when it cannot be had now
   */
  forSealing(tenantId: TenantId | undefined): Promise<DataKey>

  /**
   * @throws CipherKeyUnknownError when there is no such key, it was revoked, or its row is damaged
   * @throws CipherUnavailableError when it cannot be had now
   */
  find(id: string): Promise<DataKey>
}
