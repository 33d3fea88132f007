import assert from 'node:assert/strict'
import { parseTenantId } from '../../../domain/model/identifiers.ts'
import { Secret } from '../../../domain/model/secret.ts'
import { asSealed } from '../../../ports/cipher.ts'
import type { Cipher, SealContext, Sealed } from '../../../ports/cipher.ts'

/** A cipher under test, and how its keys are made to change. */
export interface CipherHarness {
  readonly cipher: Cipher
  /** The same keys after a rotation: seals under a new one and still opens what was sealed before. */
  rotated(): Promise<Cipher>
  /** Keys of somebody else. */
  stranger(): Promise<Cipher>
  close(): Promise<void>
}

export type CipherPromises = Readonly<Record<string, (harness: CipherHarness) => Promise<void>>>

export const CONNECTION = {
  purpose: 'connection',
  tenantId: parseTenantId('tenant-a'),
  provider: 'meta',
  connectionId: 'connection-1',
  grantId: 'grant-1',
  tokenVersion: 3,
  field: 'access_token',
} as const satisfies SealContext

export const CANDIDATE = {
  purpose: 'candidate',
  tenantId: CONNECTION.tenantId,
  provider: 'meta',
  connectionId: 'connection-1',
  grantId: 'grant-1',
  parentVersion: 3,
  field: 'access_token',
} as const satisfies SealContext

export const STATE = {
  purpose: 'state',
  provider: 'meta',
  stateHash: 'hash-1',
} as const satisfies SealContext

export const TOKEN = 'EAAB-a-token-that-must-not-be-seen-0123456789'

export async function roundTrip(cipher: Cipher, text: string, context: SealContext): Promise<string> {
  const opened = await cipher.open(await cipher.seal(new Secret(text), context), context)
  return opened.reveal()
}

export function bodyOf(sealed: Sealed): string {
  return sealed.slice(sealed.lastIndexOf('.') + 1)
}

export function replaced(sealed: Sealed, at: number, other: string): Sealed {
  return asSealed(sealed.slice(0, at) + other + sealed.slice(at + 1))
}

export function withBody(sealed: Sealed, body: Buffer): Sealed {
  return asSealed(sealed.slice(0, -bodyOf(sealed).length) + body.toString('base64url'))
}

const REFUSALS = ['cipher_value_invalid', 'cipher_key_unknown', 'cipher_authentication_failed']

export function refusal(error: unknown): boolean {
  const code = codeOf(error)
  assert.ok(code !== undefined && REFUSALS.includes(code), `rejected with ${String(error)}`)
  return true
}

export async function rejectsWith(code: string, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.equal(codeOf(error), code)
    return true
  })
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
