import { createCipheriv, pbkdf2Sync, randomBytes } from 'node:crypto'
import { asSealed } from '../../src/ports/cipher.ts'
import type { Sealed } from '../../src/ports/cipher.ts'

/** A value as it was stored before this library's format: `salt:iv:tag:data` in hex. */
export function legacyValue(token: string, key: string, lengths = { salt: 16, iv: 16 }): Sealed {
  const [salt, iv] = [randomBytes(lengths.salt), randomBytes(lengths.iv)]
  const gcm = createCipheriv('aes-256-gcm', pbkdf2Sync(key, salt, 100_000, 32, 'sha256'), iv)
  const data = Buffer.concat([gcm.update(token, 'utf8'), gcm.final()])
  return asSealed([salt, iv, gcm.getAuthTag(), data].map((part) => part.toString('hex')).join(':'))
}
