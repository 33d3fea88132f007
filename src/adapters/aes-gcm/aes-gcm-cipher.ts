import { CipherKeyUnknownError, ConfigInvalidError, CipherValueInvalidError } from '../../domain/errors.ts'
import type { ProviderName } from '../../domain/model/identifiers.ts'
import { Secret } from '../../domain/model/secret.ts'
import type { Cipher, SealContext, Sealed } from '../../ports/cipher.ts'
import { openText, sealText } from './gcm.ts'
import type { KeyRing } from './key-ring.ts'
import type { LegacyReader } from './legacy-reader.ts'
import type { RingKey } from './ring-key.ts'
import { parseValue } from './sealed-format.ts'
import type { KeyReference } from './sealed-format.ts'

/** Which keys seal and open for whom. */
export interface Rings {
  /** For every provider without a ring of its own. */
  readonly general?: KeyRing | undefined
  readonly byProvider?: Readonly<Record<ProviderName, KeyRing>> | undefined
}

/** The keys of an `AesGcmCipher`. */
export interface AesGcmCipherOptions {
  readonly rings: Rings
  /** Also opens values of the format before this library's, while it may. */
  readonly legacy?: LegacyReader | undefined
}

/** Seals under local keys, with a subkey for each tenant (suite `a`). */
export class AesGcmCipher implements Cipher {
  readonly #general: KeyRing | undefined
  readonly #byProvider: ReadonlyMap<ProviderName, KeyRing>
  readonly #legacy: LegacyReader | undefined

  constructor({ rings, legacy }: AesGcmCipherOptions) {
    this.#general = rings.general
    this.#byProvider = new Map(Object.entries(rings.byProvider ?? {}))
    this.#legacy = legacy
  }

  async prepare(context: SealContext): Promise<void> {
    await this.#ringOf(context.provider).ready()
  }

  async seal(plaintext: Secret, context: SealContext): Promise<Sealed> {
    const ring = this.#ringOf(context.provider)
    const { primary } = ring.loaded ?? (await ring.ready())
    return sealText(plaintext.reveal(), keyFor(primary, context), primary.header, context)
  }

  async open(sealed: Sealed, context: SealContext): Promise<Secret> {
    if (this.#legacy?.recognizes(sealed) === true) return this.#legacy.open(sealed, context.provider)
    const { loaded } = this.#ringOf(context.provider)
    // Nearly everything is under the key that seals now, and its header is known to the letter.
    if (loaded !== undefined && String(sealed).startsWith(loaded.primary.header)) {
      const { header } = loaded.primary
      const value = { header, body: sealed.slice(header.length) }
      return new Secret(openText(value, keyFor(loaded.primary, context), context))
    }
    const value = parseValue(sealed)
    if (value.suite !== 'a')
      throw new CipherValueInvalidError(
        'its suite needs a KMS, which is not configured; set INTEGRATION_KMS_KEY_ID',
      )
    const key = loaded?.find(value.keyReference) ?? (await this.#find(value.keyReference, context.provider))
    return new Secret(openText(value, keyFor(key, context), context))
  }

  async #find(reference: KeyReference, provider: ProviderName): Promise<RingKey> {
    const ring = this.#ringOf(provider)
    const key = (ring.loaded ?? (await ring.ready())).find(reference)
    if (key !== undefined) return key
    // The provider had no ring of its own when the value was sealed.
    const general = await this.#general?.ready()
    const earlier = general?.find(reference)
    if (earlier === undefined) throw new CipherKeyUnknownError(reference)
    return earlier
  }

  #ringOf(provider: ProviderName): KeyRing {
    const ring = this.#byProvider.get(provider) ?? this.#general
    if (ring === undefined) throw new ConfigInvalidError([`an encryption key for ${provider}: is missing`])
    return ring
  }
}

function keyFor(key: RingKey, context: SealContext): ReturnType<RingKey['general']> {
  return context.purpose === 'state' ? key.general() : key.subkey(context.tenantId)
}
