import { CipherKeyUnknownError } from '../../domain/errors.ts'
import type { DataKeyRow, WrappedDataKey } from '../../ports/data-key-store.ts'
import type { Logger } from '../../ports/logger.ts'
import type { RandomSource } from '../../ports/random-source.ts'
import type { EncryptionContext, KmsApi, WrappedKey } from './kms-api.ts'
import { UnwrappedKey } from './unwrapped-key.ts'

const ID_BYTES = 16
const PURPOSE = 'integration-token-encryption'
const DAMAGED =
  'whose row in data_keys is damaged, or was wrapped by another KMS key or for another app: restore the row from a backup'

export interface WrappingDependencies {
  readonly kms: KmsApi
  /** The wrapping key of new data keys. */
  readonly kmsKeyId: string
  /** Names the application in the service's audit log; a key of another application does not unwrap. */
  readonly app: string
  readonly random: RandomSource
  readonly logger?: Logger | undefined
}

/** Makes, unwraps and wraps anew. */
export class KeyWrapping {
  readonly #deps: WrappingDependencies

  constructor(dependencies: WrappingDependencies) {
    this.#deps = dependencies
  }

  async generate(
    partition: string,
  ): Promise<{ readonly key: UnwrappedKey; readonly wrapped: WrappedDataKey }> {
    const { kms, kmsKeyId, random } = this.#deps
    const id = Buffer.from(random.bytes(ID_BYTES)).toString('base64url')
    const generated = await kms.generateDataKey(kmsKeyId, this.#contextOf({ id, partition }))
    const key = new UnwrappedKey(id, generated.plaintext)
    const { fingerprint } = key
    const wrapped = {
      id,
      partition,
      kmsKeyId: generated.kmsKeyId,
      wrapped: generated.wrapped,
      fingerprint,
    }
    return { key, wrapped }
  }

  /** @throws CipherKeyUnknownError when the row does not yield the key that it was made with */
  async unwrap(row: DataKeyRow): Promise<UnwrappedKey> {
    const bytes = await this.#deps.kms.decrypt(row, this.#contextOf(row))
    const key = bytes && new UnwrappedKey(row.id, bytes)
    return key?.fingerprint === row.fingerprint ? key : this.#damaged(row)
  }

  /** @throws CipherKeyUnknownError when the row does not unwrap */
  async rewrap(row: DataKeyRow, toKmsKeyId: string): Promise<WrappedKey> {
    return (await this.#deps.kms.reEncrypt(row, toKmsKeyId, this.#contextOf(row))) ?? this.#damaged(row)
  }

  #damaged({ id, kmsKeyId }: DataKeyRow): never {
    this.#deps.logger?.log('error', 'A stored data key is damaged', { dataKeyId: id, kmsKeyId })
    throw new CipherKeyUnknownError(id, DAMAGED)
  }

  #contextOf({ id, partition }: { readonly id: string; readonly partition: string }): EncryptionContext {
    return { purpose: PURPOSE, app: this.#deps.app, partition, dataKeyId: id }
  }
}
