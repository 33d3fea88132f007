import { CipherValueInvalidError } from '../../domain/errors.ts'
import type { ProviderName } from '../../domain/model/identifiers.ts'
import type { Sealed } from '../../ports/cipher.ts'
import type { DataKeyStore } from '../../ports/data-key-store.ts'
import type { KeyInventory, KeyName, RetiringKey } from '../../ports/key-inventory.ts'
import type { AesGcmCipherOptions } from './aes-gcm-cipher.ts'
import type { KeyRing } from './key-ring.ts'
import { hasEarlierFormat } from './legacy-reader.ts'
import { DATA_KEY_PREFIX, keyReferenceOf } from './sealed-format.ts'

export interface LocalKeyInventoryOptions extends AesGcmCipherOptions {
  /** Where new values are under data keys of a service: the keys’ store. Local keys only open then. */
  readonly dataKeys?: Pick<DataKeyStore, 'states'> | undefined
}

/** The keys of local rings, beside data keys of a service where there is one. */
export class LocalKeyInventory implements KeyInventory {
  readonly #options: LocalKeyInventoryOptions

  constructor(options: LocalKeyInventoryOptions) {
    this.#options = options
  }

  keyOf(sealed: Sealed): KeyName {
    // Also where nothing reads it any more: the key that it needs is needed all the same.
    if (hasEarlierFormat(sealed)) return 'legacy'
    try {
      return keyReferenceOf(sealed)
    } catch (error) {
      if (error instanceof CipherValueInvalidError) return 'invalid'
      throw error
    }
  }

  isLegacy(sealed: Sealed): boolean {
    return this.#options.legacy?.recognizes(sealed) === true
  }

  async isCurrent(key: KeyName, provider: ProviderName): Promise<boolean> {
    const { dataKeys, rings } = this.#options
    // Data keys replace each other by themselves; each is good until it is revoked.
    if (dataKeys !== undefined) return key.startsWith(DATA_KEY_PREFIX)
    const own = rings.byProvider
    const ring = own !== undefined && Object.hasOwn(own, provider) ? own[provider] : rings.general
    return ring !== undefined && namesOf(await ring.ready())[0] === key
  }

  async lost(keys: ReadonlySet<KeyName>): Promise<ReadonlySet<KeyName>> {
    const ofService = [...keys].filter((key) => key.startsWith(DATA_KEY_PREFIX))
    const { dataKeys } = this.#options
    if (dataKeys === undefined || ofService.length === 0) return new Set()
    const states = await dataKeys.states(ofService.map(idOf))
    return new Set(ofService.filter((key) => (states.get(idOf(key)) ?? 'revoked') === 'revoked'))
  }

  async retiring(): Promise<readonly RetiringKey[]> {
    const { dataKeys, rings } = this.#options
    const all = [
      ...(rings.general === undefined ? [] : [rings.general]),
      ...Object.values(rings.byProvider ?? {}),
    ]
    const listed = await Promise.all(all.map(keysOf))
    return listed.flatMap((keys) => (dataKeys === undefined ? keys.slice(1) : keys))
  }
}

function idOf(key: KeyName): string {
  return key.slice(DATA_KEY_PREFIX.length)
}

/** The primary first. */
async function keysOf(ring: KeyRing): Promise<readonly RetiringKey[]> {
  return namesOf(await ring.ready()).map((key, index) => ({
    key,
    variable: index === 0 ? ring.name : `${ring.name}_PREVIOUS[${index - 1}]`,
  }))
}

function namesOf({ keys }: Awaited<ReturnType<KeyRing['ready']>>): readonly KeyName[] {
  return keys.map(({ header }) => header.slice(0, -1))
}
