import { CipherUnavailableError } from '../../domain/errors.ts'
import type { DataKeyRow, WrappedDataKey } from '../../ports/data-key-store.ts'
import type { Logger } from '../../ports/logger.ts'
import type { RandomSource } from '../../ports/random-source.ts'
import type { EncryptionContext, KmsApi, WrappedKey } from './kms-api.ts'
import { UnwrappedKey } from './unwrapped-key.ts'

const ID_BYTES = 16
const PURPOSE = 'integration-token-encryption'

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

  /** @throws CipherUnavailableError also when the row yields another key than it was made with */
  async unwrap(row: DataKeyRow): Promise<UnwrappedKey> {
    const key = new UnwrappedKey(row.id, await this.#deps.kms.decrypt(row, this.#contextOf(row)))
    if (key.fingerprint === row.fingerprint) return key
    this.#deps.logger?.log('error', 'A data key does not have its fingerprint', { dataKeyId: row.id })
    throw new CipherUnavailableError(`the row of data key ${row.id} was altered; restore it from a backup`)
  }

  rewrap(row: DataKeyRow, toKmsKeyId: string): Promise<WrappedKey> {
    return this.#deps.kms.reEncrypt(row, toKmsKeyId, this.#contextOf(row))
  }

  #contextOf({ id, partition }: { readonly id: string; readonly partition: string }): EncryptionContext {
    return { purpose: PURPOSE, app: this.#deps.app, partition, dataKeyId: id }
  }
}
