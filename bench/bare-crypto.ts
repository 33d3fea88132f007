import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto'

const KEY = createSecretKey(randomBytes(32))
const AAD = Buffer.alloc(150, 'context')
const TAG = { authTagLength: 16 } as const

/** The calls of `node:crypto` that nobody can leave out: a random nonce, associated data, the text, the tag. */
export function bareSeal(text: string): Buffer {
  const nonce = randomBytes(12)
  const gcm = createCipheriv('aes-256-gcm', KEY, nonce, TAG)
  gcm.setAAD(AAD)
  const ciphertext = gcm.update(text, 'utf8')
  gcm.final()
  return Buffer.concat([nonce, ciphertext, gcm.getAuthTag()])
}

export function bareOpen(value: Buffer): string {
  const gcm = createDecipheriv('aes-256-gcm', KEY, value.subarray(0, 12), TAG)
  gcm.setAAD(AAD)
  gcm.setAuthTag(value.subarray(-16))
  const text = gcm.update(value.subarray(12, -16)).toString('utf8')
  gcm.final()
  return text
}
