import { randomBytes } from 'node:crypto'
import { KmsRefusal } from './key-vault.ts'
import type { KeyVault, KmsContext } from './key-vault.ts'

export type KmsInput = Readonly<Record<string, unknown>>

type Operation = (vault: KeyVault, input: KmsInput) => Readonly<Record<string, unknown>>

const operations: Readonly<Record<string, Operation>> = {
  GenerateDataKey: (vault, input) => {
    if (input.KeySpec !== 'AES_256') throw new KmsRefusal('ValidationException')
    const plaintext = randomBytes(32)
    const { arn, blob } = vault.wrap(text(input, 'KeyId'), plaintext, context(input, 'EncryptionContext'))
    return { KeyId: arn, Plaintext: plaintext.toString('base64'), CiphertextBlob: blob.toString('base64') }
  },

  Encrypt: (vault, input) => {
    const plaintext = bytes(input, 'Plaintext')
    const { arn, blob } = vault.wrap(text(input, 'KeyId'), plaintext, context(input, 'EncryptionContext'))
    return { KeyId: arn, CiphertextBlob: blob.toString('base64') }
  },

  Decrypt: (vault, input) => {
    const name = input.KeyId === undefined ? undefined : text(input, 'KeyId')
    const opened = vault.unwrap(bytes(input, 'CiphertextBlob'), name, context(input, 'EncryptionContext'))
    return { KeyId: opened.arn, Plaintext: opened.plaintext.toString('base64') }
  },

  ReEncrypt: (vault, input) => {
    const source = input.SourceKeyId === undefined ? undefined : text(input, 'SourceKeyId')
    const blob = bytes(input, 'CiphertextBlob')
    const opened = vault.unwrap(blob, source, context(input, 'SourceEncryptionContext'))
    const target = text(input, 'DestinationKeyId')
    const sealed = vault.wrap(target, opened.plaintext, context(input, 'DestinationEncryptionContext'))
    return { KeyId: sealed.arn, SourceKeyId: opened.arn, CiphertextBlob: sealed.blob.toString('base64') }
  },

  DescribeKey: (vault, input) => ({ KeyMetadata: vault.describe(text(input, 'KeyId')) }),
}

/** @throws KmsRefusal */
export function perform(
  vault: KeyVault,
  operation: string,
  input: KmsInput,
): Readonly<Record<string, unknown>> {
  const work = Object.hasOwn(operations, operation) ? operations[operation] : undefined
  if (work === undefined) throw new KmsRefusal('UnknownOperationException')
  return work(vault, input)
}

function text(input: KmsInput, name: string): string {
  const value = input[name]
  if (typeof value !== 'string' || value === '') throw new KmsRefusal('ValidationException')
  return value
}

function bytes(input: KmsInput, name: string): Buffer {
  return Buffer.from(text(input, name), 'base64')
}

function context(input: KmsInput, name: string): KmsContext {
  const value = input[name] ?? {}
  if (!isRecordOfText(value)) throw new KmsRefusal('ValidationException')
  return value
}

function isRecordOfText(value: unknown): value is KmsContext {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((one) => typeof one === 'string')
  )
}
