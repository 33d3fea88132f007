import { describe, test } from 'vitest'
import { AesGcmCipher, KeyRing, generateEncryptionKey } from '../../src/adapters/aes-gcm/index.ts'
import { cipherContract } from '../../src/testing/contracts/cipher.contract.ts'
import type { CipherHarness } from '../../src/testing/contracts/cipher/harness.ts'

function cipherUnder(primary: string, previous: readonly string[] = []): AesGcmCipher {
  return new AesGcmCipher({ rings: { general: new KeyRing({ name: 'TEST_KEY', primary, previous }) } })
}

function harness(primary: string, next: string, other: string): CipherHarness {
  return {
    cipher: cipherUnder(primary),
    rotated: () => Promise.resolve(cipherUnder(next, [primary])),
    stranger: () => Promise.resolve(cipherUnder(other)),
    close: () => Promise.resolve(),
  }
}

describe('AesGcmCipher under random keys', () => {
  cipherContract(test, () =>
    Promise.resolve(harness(generateEncryptionKey(), generateEncryptionKey(), generateEncryptionKey())),
  )
})

describe('AesGcmCipher under a passphrase', () => {
  cipherContract(test, () =>
    Promise.resolve(
      harness(
        'abcdefghijklmnopqrstuvwxyz123456',
        'another passphrase of enough characters',
        'somebody else has a passphrase of their own',
      ),
    ),
  )
})
