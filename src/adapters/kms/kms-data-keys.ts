import {
  CipherKeyUnknownError,
  CipherUnavailableError,
  ConfigInvalidError,
  isIntegrationError,
} from '../../domain/errors.ts'
import type { TenantId } from '../../domain/model/identifiers.ts'
import type { Clock } from '../../ports/clock.ts'
import type { DataKeyRow, DataKeyStore } from '../../ports/data-key-store.ts'
import type { DataKey, DataKeys } from '../../ports/data-keys.ts'
import { dataKeyLimits } from './data-key-limits.ts'
import type { DataKeyLimits } from './data-key-limits.ts'
import { KeyCache } from './key-cache.ts'
import { KeyWrapping } from './key-wrapping.ts'
import type { WrappingDependencies } from './key-wrapping.ts'
import { partitionOf } from './partition.ts'
import type { Partitioning } from './partition.ts'
import { SingleFlight } from './single-flight.ts'
import type { UnwrappedKey } from './unwrapped-key.ts'

export interface KmsDataKeysOptions extends WrappingDependencies {
  readonly store: DataKeyStore
  readonly clock: Clock
  /** `all` unless said otherwise. */
  readonly partitioning?: Partitioning | undefined
  readonly limits?: Partial<DataKeyLimits> | undefined
}

interface RecentKeys {
  readonly keys: readonly DataKey[]
  /** Why one of them is not among them. */
  readonly missing?: CipherUnavailableError | undefined
}

/** The key that seals for one partition, as this process knows it. */
interface Sealing {
  readonly id: string
  readonly servesUntil: number
  values: number
}

const MOST_OF_A_PARTITION = 1_000

/**
 * Data keys under AWS KMS. The service is asked once for each key and process; while it is down, keys that are known
 * serve to their hard age, and nothing is ever sealed any other way.
 */
export class KmsDataKeys implements DataKeys {
  readonly #options: KmsDataKeysOptions
  readonly #limits: DataKeyLimits
  readonly #partitioning: Partitioning
  readonly #cache: KeyCache
  readonly #wrapping: KeyWrapping
  readonly #sealing = new Map<string, Sealing>()
  readonly #acquisitions = new SingleFlight<void>()
  readonly #loads = new SingleFlight<UnwrappedKey>()
  #nextPollAt: number

  /** @throws ConfigInvalidError */
  constructor(options: KmsDataKeysOptions) {
    const { clock, random } = options
    this.#options = options
    this.#limits = dataKeyLimits(options.limits)
    this.#partitioning = options.partitioning ?? 'all'
    this.#cache = new KeyCache({ clock, random, limits: this.#limits })
    this.#wrapping = new KeyWrapping(options)
    this.#nextPollAt = clock.monotonicMs() + this.#limits.pollMs
  }

  async forSealing(tenantId: TenantId | undefined): Promise<DataKey> {
    const partition = partitionOf(this.#partitioning, tenantId)
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
      const row = await this.#asking(() => this.#options.store.find(id))
      if (row === undefined || row.state === 'revoked') throw new CipherKeyUnknownError(id)
      return this.#cache.renew(await this.#wrapping.unwrap(row))
    })
  }

  /** The keys under which states may have been signed lately, as far as they can be had, the newest first. */
  async recentGeneral(): Promise<RecentKeys> {
    const partition = partitionOf(this.#partitioning, undefined)
    const rows = await this.#asking(() => this.#options.store.newest(partition, 2)).catch(unavailability)
    if (rows instanceof CipherUnavailableError) return { keys: [], missing: rows }
    const found = await Promise.all(
      rows.map(async (row) => this.#held(row.id) ?? this.#unwrapOnce(row).catch(absence)),
    )
    return {
      keys: found.flatMap((one) => (one instanceof Error ? [] : [one])),
      missing: found.find((one) => one instanceof CipherUnavailableError),
    }
  }

  /** Whether values can be opened or sealed: false only while no key at all can be had. */
  async isReady(): Promise<boolean> {
    if (this.#cache.ids().length > 0) return true
    try {
      await this.forSealing(undefined)
      return true
    } catch {
      return false
    }
  }

  /** What is sealed under the key can never be opened again; other processes learn of it within `pollMs`. */
  async revoke(id: string): Promise<boolean> {
    const isRevoked = await this.#options.store.revoke(id)
    this.#forget(id)
    return isRevoked
  }

  /**
   * Makes every value of the tenant unreadable for good.
   * @throws ConfigInvalidError unless each tenant has data keys of its own
   */
  async revokeTenant(tenantId: TenantId): Promise<number> {
    if (this.#partitioning !== 'tenant')
      throw new ConfigInvalidError(['kms.partitioning: must be tenant, for one tenant to be revoked alone'])
    const partition = partitionOf(this.#partitioning, tenantId)
    const rows = await this.#options.store.newest(partition, MOST_OF_A_PARTITION)
    const revoked = await Promise.all(rows.map((row) => this.revoke(row.id)))
    return revoked.filter(Boolean).length
  }

  /** Counts one value under the partition's key, if it may still seal and is at hand. */
  #take(partition: string): DataKey | undefined {
    const sealing = this.#sealing.get(partition)
    if (sealing === undefined || sealing.values >= this.#limits.mostValues) return undefined
    if (this.#options.clock.monotonicMs() >= sealing.servesUntil) return undefined
    const key = this.#held(sealing.id)
    if (key !== undefined) sealing.values += 1
    return key
  }

  async #acquire(partition: string): Promise<void> {
    const known = this.#sealing.get(partition)
    const isSpent = known !== undefined && known.values >= this.#limits.mostValues
    try {
      await this.#asking(() => this.#acquireNewest(partition, isSpent ? known.id : undefined))
    } catch (error) {
      // Old age is a reason to prefer another key; that there is none is no reason to stop.
      if (isSpent || known === undefined || this.#held(known.id) === undefined) throw error
      this.#serve(partition, known.id, this.#limits.pollMs)
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
    if (this.#held(row.id) === undefined) await this.#unwrapOnce(row).catch(notToSealUnder)
    const leftMs = this.#limits.generationMs - row.ageMs
    // Past its time it serves only because the next one cannot be made: that is tried again soon.
    this.#serve(row.partition, row.id, leftMs > 0 ? leftMs : this.#limits.pollMs)
  }

  #serve(partition: string, id: string, forMs: number): void {
    const known = this.#sealing.get(partition)
    const values = known?.id === id ? known.values : 0
    this.#sealing.set(partition, { id, servesUntil: this.#options.clock.monotonicMs() + forMs, values })
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
        throw new CipherKeyUnknownError(id)
      }
      return this.#cache.renew(await this.#wrapping.unwrap(row))
    })
    // The kept key serves on to its hard age; the failed call was logged where it was made.
    renewing.catch(() => undefined)
  }

  #pollIfDue(): void {
    const now = this.#options.clock.monotonicMs()
    if (now < this.#nextPollAt) return
    this.#nextPollAt = now + this.#limits.pollMs
    // A store that does not answer now is asked again at the next turn.
    this.#poll().catch(() => undefined)
  }

  async #poll(): Promise<void> {
    const ids = this.#cache.ids()
    const states = await this.#options.store.states(ids)
    for (const id of ids) {
      const state = states.get(id)
      if (state === undefined || state === 'revoked') this.#forget(id)
      else if (state === 'decrypt') this.#stopSealing(id)
    }
  }

  #forget(id: string): void {
    this.#cache.drop(id)
    this.#stopSealing(id)
  }

  #stopSealing(id: string): void {
    for (const [partition, sealing] of this.#sealing) if (sealing.id === id) this.#sealing.delete(partition)
  }

  /** What a store of keys cannot answer is, to those who seal and open, a key that cannot be had now. */
  async #asking<Result>(ask: () => Promise<Result>): Promise<Result> {
    try {
      return await ask()
    } catch (error) {
      if (isIntegrationError(error) && error.code === 'store_unavailable')
        throw new CipherUnavailableError('the data keys are in a database that does not answer')
      throw error
    }
  }
}

/** Another key may seal tomorrow, or as soon as this one is restored or retired. */
function notToSealUnder(error: unknown): never {
  if (!(error instanceof CipherKeyUnknownError)) throw error
  throw new CipherUnavailableError('the data key that seals is damaged; retire it or restore its row')
}

/** What a damaged key signed is lost: it is as if there had been none. */
function absence(error: unknown): CipherUnavailableError | CipherKeyUnknownError {
  return error instanceof CipherKeyUnknownError ? error : unavailability(error)
}

function unavailability(error: unknown): CipherUnavailableError {
  if (error instanceof CipherUnavailableError) return error
  throw error
}
