import { createCipheriv, createHash, pbkdf2Sync, randomBytes } from 'node:crypto'
import { LegacyReader } from '../src/adapters/aes-gcm/index.ts'
import { SystemClock } from '../src/adapters/node/system-clock.ts'
import { Secret } from '../src/domain/model/secret.ts'
import type { Cipher, SealContext } from '../src/ports/cipher.ts'
import { bareOpen, bareSeal } from './bare-crypto.ts'
import { benchCipher as localCipher, benchTenants } from './keys.ts'
import type { Benchmark, Result } from './report.ts'
import { compare, median } from './rounds.ts'
import type { Outcome, Side } from './rounds.ts'

const TAG = { authTagLength: 16 } as const

/**
 * The Cipher port with a warm subkey against the calls of `node:crypto` that nobody can leave out: a random nonce, the
 * associated data, the text, the tag; no format, no base64, no promise. And against deriving a key for each value.
 */
export const benchCipher: Benchmark = async ({ note }) => {
  const results: Result[] = []
  let openUs = 0
  for (const size of [200, 2_000]) {
    const sides = await sidesFor(localCipher(), size)
    note('seal and open %d bytes', size)
    results.push(toResult(`seal ${size}`, await compare({ ours: sides.seal, bare: sides.rawSeal })))
    const open = await compare({ ours: sides.open, bare: sides.rawOpen })
    results.push(toResult(`open ${size}`, open))
    if (size === 200) openUs = open.oursUs
  }
  note('the key derivation for each value that this replaces')
  const legacyUs = await legacyOpenUs()
  results.push({
    name: 'against pbkdf2',
    ratio: legacyUs / openUs,
    target: { atLeast: 1_000 },
    detail: `${(legacyUs / 1_000).toFixed(1)} ms against ${openUs.toFixed(2)} µs`,
  })
  return results
}

interface Sides {
  readonly seal: Side
  readonly open: Side
  readonly rawSeal: Side
  readonly rawOpen: Side
}

async function sidesFor(cipher: Cipher, size: number): Promise<Sides> {
  const token = randomBytes(size).toString('base64url').slice(0, size)
  const secret = new Secret(token)
  const context = contextOf()
  const sealed = await cipher.seal(secret, context)
  const raw = bareSeal(token)
  return {
    seal: async (count) => {
      for (let turn = 0; turn < count; turn += 1) await cipher.seal(secret, context)
    },
    open: async (count) => {
      for (let turn = 0; turn < count; turn += 1) (await cipher.open(sealed, context)).reveal()
    },
    rawSeal: async (count) => {
      for (let turn = 0; turn < count; turn += 1) bareSeal(token)
    },
    rawOpen: async (count) => {
      for (let turn = 0; turn < count; turn += 1) bareOpen(raw)
    },
  }
}

function contextOf(): SealContext {
  const [tenantId] = benchTenants(1)
  if (tenantId === undefined) throw new Error('no tenant')
  return {
    purpose: 'connection',
    tenantId,
    provider: 'google_ads',
    connectionId: '0f8fad5b-d9cb-469f-a165-70867728950e',
    grantId: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
    tokenVersion: 12,
    field: 'access_token',
  }
}

/** Median of a few: each takes about 20 ms. */
async function legacyOpenUs(): Promise<number> {
  const clock = new SystemClock()
  const reader = new LegacyReader({ until: clock.now() + 3_600_000, clock })
  const passphrase = createHash('sha256').update('legacy').digest('hex')
  const [salt, nonce] = [randomBytes(16), randomBytes(16)]
  const key = pbkdf2Sync(passphrase, salt, 100_000, 32, 'sha256')
  const gcm = createCipheriv('aes-256-gcm', key, nonce, TAG)
  const data = Buffer.concat([gcm.update('a'.repeat(200), 'utf8'), gcm.final()])
  const value = [salt, nonce, gcm.getAuthTag(), data].map((part) => part.toString('hex')).join(':')
  const taken: number[] = []
  for (let turn = 0; turn < 11; turn += 1) {
    const startedAt = performance.now()
    await reader.openWith(value, [passphrase])
    taken.push((performance.now() - startedAt) * 1_000)
  }
  return median(taken)
}

function toResult(name: string, { timeRatio, oursUs, bareUs }: Outcome): Result {
  const detail = `${oursUs.toFixed(2)} µs against ${bareUs.toFixed(2)} µs`
  return { name, ratio: timeRatio, target: { atMost: 1.4 }, detail }
}
