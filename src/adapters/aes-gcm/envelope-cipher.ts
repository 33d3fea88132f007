import { createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { CipherValueInvalidError } from '../../domain/errors.ts'
import type { TenantId } from '../../domain/model/identifiers.ts'
import { Secret } from '../../domain/model/secret.ts'
import type { Cipher, SealContext, Sealed } from '../../ports/cipher.ts'
import type { DataKey, DataKeys } from '../../ports/data-keys.ts'
import { lengthPrefixed } from './associated-data.ts'
import { BoundedCache } from './bounded-cache.ts'
import { openText, sealText } from './gcm.ts'
import { headerFor, parseValue } from './sealed-format.ts'

const MAX_SUBKEYS = 10_000
const GENERAL = Buffer.from('general')

/** Seals under data keys that a key management service wraps, with a subkey for each tenant (suite `k`). */
export class EnvelopeCipher implements Cipher {
  readonly #keys: DataKeys
  readonly #subkeys = new BoundedCache<KeyObject>(MAX_SUBKEYS)

  constructor(options: { readonly keys: DataKeys }) {
    this.#keys = options.keys
  }

  async prepare(context: SealContext): Promise<void> {
    await this.#keys.forSealing(tenantOf(context))
  }

  async seal(plaintext: Secret, context: SealContext): Promise<Sealed> {
    const tenantId = tenantOf(context)
    const dataKey = await this.#keys.forSealing(tenantId)
    return sealText(plaintext.reveal(), this.#subkey(dataKey, tenantId), headerFor('k', dataKey.id), context)
  }

  async open(sealed: Sealed, context: SealContext): Promise<Secret> {
    const value = parseValue(sealed)
    if (value.suite !== 'k')
      throw new CipherValueInvalidError(
        'its suite is that of a local key, and none is configured; set the key that sealed it',
      )
    const dataKey = await this.#keys.find(value.keyReference)
    return new Secret(openText(value, this.#subkey(dataKey, tenantOf(context)), context))
  }

  #subkey(dataKey: DataKey, tenantId: TenantId | undefined): KeyObject {
    // Ids of data keys have one length, so that the two run together name one subkey.
    const name = dataKey.id + (tenantId ?? '')
    const known = this.#subkeys.get(name)
    // Whether the data key may still be used was asked before; under one id there is only ever one key.
    if (known !== undefined) return known
    const info =
      tenantId === undefined ? GENERAL : Buffer.concat([Buffer.from('tenant'), lengthPrefixed([tenantId])])
    const key = createSecretKey(dataKey.derive(info))
    this.#subkeys.set(name, key)
    return key
  }
}

function tenantOf(context: SealContext): TenantId | undefined {
  return context.purpose === 'state' ? undefined : context.tenantId
}
