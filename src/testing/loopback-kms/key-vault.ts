import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto'

export type KmsContext = Readonly<Record<string, string>>

/** A refusal by its AWS name. */
export class KmsRefusal extends Error {
  readonly status: number

  constructor(name: string, status = 400) {
    super(name)
    this.name = name
    this.status = status
  }
}

interface WrappingKey {
  readonly arn: string
  readonly material: Buffer
  isEnabled: boolean
}

const ID_LENGTH = 36
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Wrapping keys of one account and what they wrap. A blob names its key, and is bound to its encryption context. */
export class KeyVault {
  readonly #keys = new Map<string, WrappingKey>()
  readonly #aliases = new Map<string, string>()
  readonly #region: string

  constructor(region: string) {
    this.#region = region
  }

  create(alias?: string): string {
    const id = randomUUID()
    const arn = `arn:aws:kms:${this.#region}:000000000000:key/${id}`
    this.#keys.set(id, { arn, material: randomBytes(32), isEnabled: true })
    if (alias !== undefined) this.#aliases.set(alias, id)
    return arn
  }

  setEnabled(name: string, isEnabled: boolean): void {
    this.#find(name).isEnabled = isEnabled
  }

  remove(name: string): void {
    this.#keys.delete(this.#idOf(name))
  }

  describe(name: string): { readonly KeyId: string; readonly Arn: string; readonly Enabled: boolean } {
    const { arn, isEnabled } = this.#find(name)
    return { KeyId: this.#idOf(name), Arn: arn, Enabled: isEnabled }
  }

  wrap(
    name: string,
    plaintext: Buffer,
    context: KmsContext,
  ): { readonly blob: Buffer; readonly arn: string } {
    const { arn, material } = this.#usable(name)
    const nonce = randomBytes(NONCE_BYTES)
    const gcm = createCipheriv('aes-256-gcm', material, nonce)
    gcm.setAAD(canonical(context))
    const ciphertext = Buffer.concat([gcm.update(plaintext), gcm.final()])
    return {
      arn,
      blob: Buffer.concat([Buffer.from(this.#idOf(name)), nonce, ciphertext, gcm.getAuthTag()]),
    }
  }

  unwrap(
    blob: Buffer,
    name: string | undefined,
    context: KmsContext,
  ): { readonly plaintext: Buffer; readonly arn: string } {
    const id = blob.subarray(0, ID_LENGTH).toString('latin1')
    if (name !== undefined && this.#find(name) !== this.#keys.get(id))
      throw new KmsRefusal('IncorrectKeyException')
    if (blob.length < ID_LENGTH + NONCE_BYTES + TAG_BYTES) throw new KmsRefusal('InvalidCiphertextException')
    const { arn, material } = this.#usable(id)
    const [nonceEnd, tagAt] = [ID_LENGTH + NONCE_BYTES, blob.length - TAG_BYTES]
    const gcm = createDecipheriv('aes-256-gcm', material, blob.subarray(ID_LENGTH, nonceEnd), {
      authTagLength: TAG_BYTES,
    })
    gcm.setAAD(canonical(context)).setAuthTag(blob.subarray(tagAt))
    const plaintext = gcm.update(blob.subarray(nonceEnd, tagAt))
    try {
      gcm.final()
    } catch {
      throw new KmsRefusal('InvalidCiphertextException')
    }
    return { plaintext, arn }
  }

  #usable(name: string): WrappingKey {
    const key = this.#find(name)
    if (!key.isEnabled) throw new KmsRefusal('DisabledException')
    return key
  }

  #find(name: string): WrappingKey {
    const key = this.#keys.get(this.#idOf(name))
    if (key === undefined) throw new KmsRefusal('NotFoundException')
    return key
  }

  /** A key may be asked for by its ARN, its id or an alias. */
  #idOf(name: string): string {
    return this.#aliases.get(name) ?? name.slice(name.lastIndexOf('/') + 1)
  }
}

function canonical(context: KmsContext): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(context).sort(([one], [other]) => (one < other ? -1 : 1))))
}
