import { CipherKeyUnknownError } from '../../domain/errors.ts'
import type { DataKeyStore } from '../../ports/data-key-store.ts'
import { everyDataKey } from './every-data-key.ts'
import { KeyWrapping } from './key-wrapping.ts'
import type { WrappingDependencies } from './key-wrapping.ts'

/** How many data keys were wrapped anew, and how many were already. */
export interface RewrapOutcome {
  readonly rewrapped: number
  /** Under the key already, or changed by somebody else meanwhile. */
  readonly kept: number
  /** Ids of those that cannot be unwrapped; they were left as they are. */
  readonly damaged: readonly string[]
}

/**
 * Wraps every data key anew under `toKmsKeyId`: a new key or account. Values stay as they are, and no key is
 * unwrapped on the way. Interrupted, it goes on where it was when it is called again.
 * @throws CipherUnavailableError, StoreUnavailableError
 */
export async function rewrapDataKeys(
  options: WrappingDependencies & { readonly store: DataKeyStore },
  toKmsKeyId: string,
): Promise<RewrapOutcome> {
  const { store } = options
  const wrapping = new KeyWrapping(options)
  const damaged: string[] = []
  let [rewrapped, kept, target] = [0, 0, toKmsKeyId]
  for await (const row of everyDataKey(store)) {
    const anew = row.kmsKeyId === target ? undefined : await wrapping.rewrap(row, toKmsKeyId).catch(asDamaged)
    if (anew instanceof CipherKeyUnknownError) {
      damaged.push(row.id)
      continue
    }
    // The service answers with the key's full name, whatever name it was asked by.
    target = anew?.kmsKeyId ?? target
    if (anew !== undefined && (await store.rewrap(row, anew.kmsKeyId, anew.wrapped))) rewrapped += 1
    else kept += 1
  }
  return { rewrapped, kept, damaged }
}

function asDamaged(error: unknown): CipherKeyUnknownError {
  if (error instanceof CipherKeyUnknownError) return error
  throw error
}
