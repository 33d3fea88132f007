import type { ConnectionKey, ProviderName, TenantId } from '../domain/model/identifiers.ts'
import type { Sealed } from './cipher.ts'
import type { RevocationId } from './pending-revocations.ts'
import type { SealedCandidate } from './refresh-leases.ts'

/** What is stored sealed of one connection, or of one queued revocation. */
export interface SealedRow extends ConnectionKey {
  /** Absent for a connection. */
  readonly revocation?: RevocationId | undefined
  readonly connectionId: string
  readonly grantId: string
  readonly tokenVersion: number
  readonly secrets: SealedSecrets
}

/** The sealed values of one row. */
export interface SealedSecrets {
  readonly accessToken?: Sealed | undefined
  readonly refreshToken?: Sealed | undefined
  readonly previousRefreshToken?: Sealed | undefined
  readonly candidates: readonly SealedCandidate[]
}

/** Where a page ended. Text to print and to hand in again, without a secret. */
export type SealedCursor = string

/** Rows in the store’s own order. */
export interface SealedPage {
  readonly rows: readonly SealedRow[]
  /** Absent behind the last row. */
  readonly next?: SealedCursor | undefined
}

/** Names a row; the label of a connection need not be known. */
export interface SealedRowRef {
  readonly tenantId: TenantId
  readonly provider: ProviderName
  readonly connectionId: string
  readonly revocation?: RevocationId | undefined
}

/** A row as it was read, and what its secrets are to be. */
export interface Resealing {
  readonly row: SealedRow
  /** The same secrets, each either as it was or sealed again. */
  readonly secrets: SealedSecrets
}

/**
 * Everything that is stored sealed for longer than minutes, of all tenants: what a rotation of keys goes through. Rows
 * are found without a secret, and their secrets are read and replaced as their own tenant.
 * Every adapter passes `sealedValuesContract` and rejects with StoreUnavailableError when it cannot reach its store.
 */
export interface SealedValues {
  /**
   * Rows behind `cursor`, each once over all pages; what is added meanwhile may be among them or not. A cursor that is
   * none of this store's is a ConfigInvalidError.
   */
  page(cursor: SealedCursor | undefined, limit: number): Promise<SealedPage>

  /** The row as it is now; `undefined` when it has gone or holds no secret any more. */
  read(ref: SealedRowRef): Promise<SealedRow | undefined>

  /**
   * Replaces each secret that is still the one that was read, while grant and token version are the same; whatever was
   * written meanwhile stays, and nothing else of a row moves. Resolves, row by row, whether all of its secrets are now
   * the new ones. Durable when it resolves, even where the database's default is not.
   */
  replace(resealings: readonly Resealing[]): Promise<readonly boolean[]>
}
