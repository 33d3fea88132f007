import { CipherKeyUnknownError, CipherUnavailableError, ConfigInvalidError } from '../../domain/errors.ts'
import type { TenantId } from '../../domain/model/identifiers.ts'
import type { Clock } from '../../ports/clock.ts'
import type { DataKeyRow, DataKeyStore } from '../../ports/data-key-store.ts'
import type { DataKey, DataKeys } from '../../ports/data-keys.ts'
import { dataKeyLimits } from './data-key-limits.ts'
import type { DataKeyLimits } from './data-key-limits.ts'
import {
  mappingStoreErrors,
  missingOrThrow,
  refuseDamagedSealingKey,
  unavailableOrThrow,
} from './key-failures.ts'
import { KeyCache } from './key-cache.ts'
import { KeyWrapping } from './key-wrapping.ts'
import type { WrappingDependencies } from './key-wrapping.ts'
import { partitionOf } from './partition.ts'
import type { Partitioning } from './partition.ts'
import { SingleFlight } from '../../domain/model/single-flight.ts'
import { SealingKeys } from './sealing-keys.ts'
import type { UnwrappedKey } from './unwrapped-key.ts'

/** Where data keys are wrapped and kept, and how they are shared among tenants. */
export interface KmsDataKeysOptions extends WrappingDependencies {
  readonly store: DataKeyStore
  readonly clock: Clock
  /** `all` unless said otherwise. */
  readonly partitioning?: Partitioning | undefined
  readonly limits?: Partial<DataKeyLimits> | undefined
}

interface RecentKeys {
  readonly keys: readonly DataKey[]
  /** Why one of them is missing. */
  readonly missing?: CipherUnavailableError | undefined
}

const REVOKED_AT_ONCE = 100
const REVOKED = 'a data key that was revoked and does not come back; disconnect and connect again'
const GONE = 'a data key that has no row in data_keys; restore the row from a backup'

/**
 * Data keys under AWS KMS. Each process asks the service once for each key. While the service is down, known keys serve
 * until their hard age, and nothing is ever sealed in any other way.
 */
export class KmsDataKeys implements DataKeys {
  readonly #options: KmsDataKeysOptions
  readonly #limits: DataKeyLimits
  readonly #partitioning: Partitioning
  readonly #cache: KeyCache
  readonly #wrapping: KeyWrapping
  readonly #sealing: SealingKeys
  readonly #acquisitions = new SingleFlight<void>()
  readonly #loads = new SingleFlight<UnwrappedKey>()
  #nextPollAt: number
  #polling: Promise<void> | undefined

  /** @throws ConfigInvalidError */
  constructor(options: KmsDataKeysOptions) {
    const { clock, random } = options
    this.#options = options
    this.#limits = dataKeyLimits(options.limits)
    this.#partitioning = options.partitioning ?? 'all'
    this.#sealing = new SealingKeys(clock, this.#limits.maxValues)
    this.#cache = new KeyCache({ clock, random, limits: this.#limits })
    this.#wrapping = new KeyWrapping(options)
    this.#nextPollAt = clock.monotonicMs() + this.#limits.pollMs
  }

  async forSealing(tenantId: TenantId | undefined): Promise<DataKey> {
    const partition = partitionOf(this.#partitioning, tenantId)
    this.#pollIfDue()
    // A process that was idle may not know yet that the key was retired or revoked.
    if (this.#polling !== undefined) await this.#polling
    for (;;) {
      const key = this.#take(partition)
      if (key !== undefined) return key
      await this.#acquisitions.run(partition, () => this.#acquire(partition))
    }
  }

  async find(id: string): Promise<DataKey> {
    const held = this.#held(id)
    if (held !== undefined) return held
    return this.#loads.run(id, async () => {
      const row = await mappingStoreErrors(() => this.#options.store.find(id))
      if (row === undefined || row.state === 'revoked') throw lost(id, row)
      return this.#cache.renew(await this.#wrapping.unwrap(row))
    })
  }

  /** The available keys under which states may have been signed lately, the newest first. */
  async recentGeneral(): Promise<RecentKeys> {
    const partition = partitionOf(this.#partitioning, undefined)
    const rows = await mappingStoreErrors(() => this.#options.store.newest(partition, 2)).catch(
      unavailableOrThrow,
    )
    if (rows instanceof CipherUnavailableError) return { keys: [], missing: rows }
    const found = await Promise.all(
      rows.map(async (row) => this.#held(row.id) ?? this.#unwrapOnce(row).catch(missingOrThrow)),
    )
    return {
      keys: found.flatMap((one) => (one instanceof Error ? [] : [one])),
      missing: found.find((one) => one instanceof CipherUnavailableError),
    }
  }

  /** Whether values can be opened or sealed: `false` only while no key at all is available. Never rejects. */
  async isReady(): Promise<boolean> {
    if (this.#cache.ids().length > 0) return true
    try {
      await this.forSealing(undefined)
      return true
    } catch {
      return false
    }
  }

  /**
   * From now on the key only opens, and the next one seals; other processes learn of it within `pollMs`. Resolves with
   * whether the key was sealing until now: `false` if it was retired or revoked before, or does not exist.
   * @throws StoreUnavailableError
   */
  async retire(id: string): Promise<boolean> {
    const isRetired = await this.#options.store.retire(id)
    this.#sealing.stop(id)
    return isRetired
  }

  /**
   * What is sealed under the key can never be opened again; other processes learn of it within `pollMs`. Resolves with
   * whether this call revoked it: `false` if it was revoked before, or does not exist.
   * @throws ConfigInvalidError while the key seals, because what others seal until they learn of it would be lost;
   * StoreUnavailableError
   */
  async revoke(id: string): Promise<boolean> {
    // A key that is not active never becomes active again, so nobody can interfere after this check.
    if ((await this.#options.store.find(id))?.state === 'active')
      throw new ConfigInvalidError([
        `data key ${id}: still seals; retire it, give every process a minute, and rotate-keys --from it first`,
      ])
    return this.#revoke(id)
  }

  /**
   * Makes every value of the tenant unreadable for good. Resolves with how many data keys this call revoked.
   * @throws ConfigInvalidError unless each tenant has data keys of its own, StoreUnavailableError
   */
  async revokeTenant(tenantId: TenantId): Promise<number> {
    if (this.#partitioning !== 'tenant')
      throw new ConfigInvalidError(['kms.partitioning: must be tenant, for one tenant to be revoked alone'])
    const partition = partitionOf(this.#partitioning, tenantId)
    let revoked = 0
    for (;;) {
      const rows = await this.#options.store.newest(partition, REVOKED_AT_ONCE)
      if (rows.length === 0) return revoked
      revoked += (await Promise.all(rows.map((row) => this.#revoke(row.id)))).filter(Boolean).length
    }
  }

  async #revoke(id: string): Promise<boolean> {
    const isRevoked = await this.#options.store.revoke(id)
    this.#forget(id)
    return isRevoked
  }

  /** Takes the partition's key for one more value, if it may still seal and is in memory. */
  #take(partition: string): DataKey | undefined {
    const id = this.#sealing.serving(partition)
    const key = id === undefined ? undefined : this.#held(id)
    if (key !== undefined) this.#sealing.count(partition)
    return key
  }

  async #acquire(partition: string): Promise<void> {
    const known = this.#sealing.last(partition)
    try {
      await mappingStoreErrors(() =>
        this.#acquireNewest(partition, known?.isSpent === true ? known.id : undefined),
      )
    } catch (error) {
      // An old key should be replaced, but if there is no other it may go on sealing.
      if (known === undefined || known.isSpent || this.#held(known.id) === undefined) throw error
      this.#sealing.serve(partition, known.id, this.#limits.pollMs)
    }
  }

  async #acquireNewest(partition: string, spentId: string | undefined): Promise<void> {
    const { store } = this.#options
    const [newest] = await store.newest(partition, 1)
    const active = newest?.state === 'active' ? newest : undefined
    if (active !== undefined && active.id !== spentId && active.ageMs < this.#limits.generationMs)
      return this.#adopt(active)
    try {
      const { key, wrapped } = await this.#wrapping.generate(partition)
      const row = await store.insert(wrapped, active?.id)
      if (row.id === key.id) this.#cache.renew(key)
      await this.#adopt(row)
    } catch (error) {
      const mayServeOn = active !== undefined && active.id !== spentId
      if (!mayServeOn || !(error instanceof CipherUnavailableError)) throw error
      await this.#adopt(active)
    }
  }

  async #adopt(row: DataKeyRow): Promise<void> {
    if (this.#held(row.id) === undefined) await this.#unwrapOnce(row).catch(refuseDamagedSealingKey)
    const leftMs = this.#limits.generationMs - row.ageMs
    // A key past its time serves only because the next one cannot be made, which is tried again soon.
    this.#sealing.serve(row.partition, row.id, leftMs > 0 ? leftMs : this.#limits.pollMs)
  }

  #held(id: string): UnwrappedKey | undefined {
    this.#pollIfDue()
    const held = this.#cache.get(id)
    if (held?.isStale === true) this.#renewBehind(id)
    return held?.key
  }

  #unwrapOnce(row: DataKeyRow): Promise<UnwrappedKey> {
    return this.#loads.run(row.id, async () => this.#cache.renew(await this.#wrapping.unwrap(row)))
  }

  #renewBehind(id: string): void {
    this.#cache.postponeRenewal(id, this.#limits.pollMs)
    const renewing = this.#loads.run(id, async () => {
      const row = await this.#options.store.find(id)
      if (row === undefined || row.state === 'revoked') {
        this.#forget(id)
        throw lost(id, row)
      }
      return this.#cache.renew(await this.#wrapping.unwrap(row))
    })
    // The kept key serves until its hard age; the failed call was logged where it was made.
    renewing.catch(() => undefined)
  }

  #pollIfDue(): void {
    const now = this.#options.clock.monotonicMs()
    if (now < this.#nextPollAt) return
    this.#nextPollAt = now + this.#limits.pollMs
    // A store that does not answer now is asked again at the next poll.
    this.#polling = this.#poll()
      .catch(() => undefined)
      .finally(() => {
        this.#polling = undefined
      })
  }

  async #poll(): Promise<void> {
    const ids = this.#cache.ids()
    const states = await this.#options.store.states(ids)
    for (const id of ids) {
      const state = states.get(id)
      if (state === undefined || state === 'revoked') this.#forget(id)
      else if (state === 'decrypt') this.#sealing.stop(id)
    }
  }

  #forget(id: string): void {
    this.#cache.drop(id)
    this.#sealing.stop(id)
  }
}

function lost(id: string, row: DataKeyRow | undefined): CipherKeyUnknownError {
  return new CipherKeyUnknownError(id, row === undefined ? GONE : REVOKED)
}
