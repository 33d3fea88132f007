import { createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { lengthPrefixed } from './associated-data.ts'
import { BoundedCache } from './bounded-cache.ts'
import { expandKey } from './key-material.ts'
import { headerFor } from './sealed-format.ts'
import type { KeyReference } from './sealed-format.ts'

const REFERENCE_BYTES = 16
const MAX_SUBKEYS = 10_000

/** One key of a ring and what is derived from it. Its reference is computed, so two keys cannot share one. */
export class RingKey {
  readonly reference: KeyReference
  readonly header: string
  readonly #extracted: KeyObject
  readonly #general: KeyObject
  readonly #stateKey: Uint8Array
  readonly #subkeys = new BoundedCache<KeyObject>(MAX_SUBKEYS)

  constructor(extracted: KeyObject) {
    this.#extracted = extracted
    this.#general = createSecretKey(expandKey(extracted, 'general'))
    this.#stateKey = expandKey(extracted, 'state-hmac')
    this.reference = expandKey(extracted, 'key-id').subarray(0, REFERENCE_BYTES).toString('base64url')
    this.header = headerFor('a', this.reference)
  }

  /** A key of the tenant's own: its nonces are counted alone, and a leak of it tells nothing of other tenants. */
  subkey(tenantId: string): KeyObject {
    const known = this.#subkeys.get(tenantId)
    if (known !== undefined) return known
    const subkey = createSecretKey(expandKey(this.#extracted, 'tenant', lengthPrefixed([tenantId])))
    this.#subkeys.set(tenantId, subkey)
    return subkey
  }

  /** For what belongs to no tenant, or to one that is not known before it is opened. */
  general(): KeyObject {
    return this.#general
  }

  /** For signing states: never a key that encrypts. */
  stateKey(): Uint8Array {
    return this.#stateKey
  }
}
