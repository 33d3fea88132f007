import { describe, expect, test } from 'vitest'
import { generateEncryptionKey } from '../../../src/adapters/aes-gcm/index.ts'
import {
  CipherKeyUnknownError,
  CipherUnavailableError,
  StoreUnavailableError,
} from '../../../src/domain/errors.ts'
import { Secret } from '../../../src/domain/model/secret.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/domain/model/time.ts'
import { candidateContext } from '../../../src/domain/services/sealing.ts'
import type { Cipher } from '../../../src/ports/cipher.ts'
import type { RefreshLease } from '../../../src/ports/refresh-leases.ts'
import { heldRefresh } from './held-refresh.ts'
import { heldAnswer } from './model-provider.ts'
import { cipherUnder, KEY, RefreshWorld } from './refresh-world.ts'
import type { Step } from './refresh-world.ts'

/** A key that is replaced, and taken away later. */
class ChangingKeys {
  readonly #old = generateEncryptionKey()
  readonly #new = generateEncryptionKey()
  #current = cipherUnder(this.#old)
  readonly cipher: Cipher = {
    prepare: (context) => this.#current.prepare(context),
    seal: (plaintext, context) => this.#current.seal(plaintext, context),
    open: (sealed, context) => this.#current.open(sealed, context),
  }

  change(): void {
    this.#current = cipherUnder(this.#new, this.#old)
  }

  forgetOld(): void {
    this.#current = cipherUnder(this.#new)
  }
}

async function claimed(world: RefreshWorld): Promise<RefreshLease> {
  const { tokenVersion } = await world.reading()
  const request = world.host().lifecycle.claimRequest(world.provider)
  const lease = await world.stores.leases.claim(KEY, tokenVersion, request)
  return lease === undefined || 'reason' in lease ? missing() : lease
}

function missing(): never {
  throw new Error('it is not there')
}

describe('A refresh token in the answer', () => {
  test('replaces the one before', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    await world.host().tokens.get(KEY)
    expect(await world.heldRefreshTokens()).toEqual(['refresh-1-2'])
  })

  test.each(['omitted', 'same'] as const)('keeps the one before when it is %s', async (kind) => {
    const world = new RefreshWorld({ mode: 'none' })
    world.provider.refreshTokenInAnswer = kind
    await world.connectExpired()
    const { tokens } = world.host()
    await tokens.get(KEY)
    expect(await world.heldRefreshTokens()).toEqual(['refresh-1-1'])
    await world.expire()
    await tokens.get(KEY)
    expect(await world.heldRefreshTokens()).toEqual(['refresh-1-1'])
    expect((await world.reading()).tokenVersion).toBe(3)
  })
})

describe('What a provider issued', () => {
  test('is handed out only after it was committed (I3 Durable before visible)', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    let committedVersion = 0
    host.interposed.after = async (step) => {
      if (step === 'store') committedVersion = (await world.reading()).tokenVersion
    }
    await host.tokens.get(KEY)
    expect(committedVersion).toBe(2)
  })

  test.each<[string, Step, Error]>([
    ['the store is down', 'store', new StoreUnavailableError('Postgres')],
    ['the key for sealing is gone', 'seal', new CipherUnavailableError('down')],
    ['the cipher fails for good', 'seal', new CipherKeyUnknownError('k0')],
    ['the store fails in a way that nobody foresaw', 'store', new TypeError('unforeseen')],
  ])('is kept trying to be stored while %s, and asked for once', async (_name, step, error) => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    host.interposed.before = (at) => {
      if (at === step && world.provider.calls > 0) throw error
    }
    const asked = host.tokens.get(KEY)
    await expect(world.until(asked)).rejects.toMatchObject({ code: 'provider_unavailable' })
    await world.clock.advance(20 * MINUTE_MS)
    host.interposed.before = () => undefined
    expect(await world.until(host.background.drain(world.clock, MINUTE_MS))).toBe(true)
    expect(world.provider.calls).toBe(1)
    expect(await world.heldRefreshTokens()).toEqual(['refresh-1-2'])
  })

  test.each([
    ['too long', 'x'.repeat(16_385)],
    ['of no well-formed text', 'a\ud800b'],
  ])('is an answer that cannot be read where it is %s: nothing tries to store it', async (_name, text) => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    world.provider.plan(async (act) => ({ ...act(), refreshToken: new Secret(text) }))
    await expect(host.tokens.get(KEY)).rejects.toMatchObject({ code: 'provider_response_invalid' })
    expect(await host.background.drain(world.clock, SECOND_MS)).toBe(true)
    const { leaseMs, nextAttemptMs, status } = await world.reading()
    // As after any answer that was lost: the old token may be spent.
    expect({ leaseMs, nextAttemptMs, status }).toEqual({
      ...{ leaseMs: 0, nextAttemptMs: 12 * MINUTE_MS, status: 'active' },
    })
  })

  test('counts its lifetime from when it was asked for, however long it took to store it', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    const held = await heldRefresh(world, host)
    let isDown = true
    host.interposed.before = (step) => {
      if (step === 'store' && isDown) throw new StoreUnavailableError('Postgres')
    }
    await world.clock.advance(30 * SECOND_MS)
    held.release()
    await world.clock.advance(5 * MINUTE_MS)
    isDown = false
    await world.until(host.background.drain(world.clock, MINUTE_MS))
    const { remainingMs } = await world.reading()
    expect(remainingMs).toBeLessThanOrEqual(HOUR_MS - 5 * MINUTE_MS - 30 * SECOND_MS)
    expect(remainingMs).toBeGreaterThan(HOUR_MS - 6 * MINUTE_MS)
  })

  test('counts its lifetime also while the machine was suspended between answer and store', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    const held = await heldRefresh(world, host)
    await world.advance(20 * MINUTE_MS)
    host.wakeAfter(20 * MINUTE_MS)
    held.release()
    await world.until(host.background.drain(world.clock, MINUTE_MS))
    expect((await world.reading()).remainingMs).toBe(40 * MINUTE_MS)
  })

  test('is not handed out when it came to its end while it was being stored', async () => {
    const world = new RefreshWorld()
    world.provider.lifetimeMs = 2 * SECOND_MS
    await world.connectExpired()
    const host = world.host()
    const held = await heldRefresh(world, host)
    await world.clock.advance(2 * SECOND_MS)
    held.release()
    await expect(held.asked).rejects.toMatchObject({ code: 'refresh_pending' })
    expect(await world.heldRefreshTokens()).toEqual(['refresh-1-2'])
  })

  test.each([
    ['none', 'refresh-1-1'],
    ['single_use', 'refresh-1-2'],
  ] as const)(
    'is sealed under the key that seals when it is stored, not under one retired meanwhile (rotation %s)',
    async (mode, kept) => {
      const keys = new ChangingKeys()
      const world = new RefreshWorld({ mode, cipher: keys.cipher })
      await world.connectExpired()
      const host = world.host()
      let isDown = true
      host.interposed.before = (step) => {
        if (step === 'store' && isDown) throw new StoreUnavailableError('Postgres')
      }
      const asked = host.tokens.get(KEY)
      asked.catch(() => undefined)
      await world.advance(SECOND_MS)
      keys.change()
      isDown = false
      await world.until(asked)
      keys.forgetOld()
      expect(await world.heldRefreshTokens()).toEqual([kept])
      await world.expire()
      await world.until(host.tokens.get(KEY))
    },
  )

  test('is sealed so as a candidate too', async () => {
    const keys = new ChangingKeys()
    const world = new RefreshWorld({ cipher: keys.cipher })
    await world.connectExpired()
    const [slow, quick] = [world.host('slow'), world.host('quick')]
    const held = heldAnswer()
    world.provider.plan(held.plan, async () => world.provider.open())
    slow.tokens.get(KEY).catch(() => undefined)
    await held.sent
    await world.advance(12 * MINUTE_MS)
    await world.until(quick.tokens.get(KEY))
    let isDown = true
    slow.interposed.before = (step) => {
      if (step === 'keepCandidate' && isDown) throw new StoreUnavailableError('Postgres')
    }
    held.release()
    await world.advance(SECOND_MS)
    keys.change()
    isDown = false
    await world.until(slow.background.drain(world.clock, MINUTE_MS))
    keys.forgetOld()
    const lease = await claimed(world)
    const [candidate = missing()] = lease.candidates
    const context = candidateContext(lease, candidate.parentVersion, 'access_token')
    expect((await world.cipher.open(candidate.accessToken, context)).reveal()).toBe('access-1-2')
  })

  test('is known to be stored when only the acknowledgement was lost (I13 Write-id)', async () => {
    const world = new RefreshWorld({ mode: 'revoking' })
    await world.connectExpired()
    const host = world.host()
    let losses = 1
    host.interposed.after = (step) => {
      if (step !== 'store' || losses === 0) return
      losses -= 1
      throw new StoreUnavailableError('Postgres')
    }
    const token = await world.until(host.tokens.get(KEY))
    expect(world.provider.acceptsAccess(token.reveal())).toBe(true)
    expect(world.provider.calls).toBe(1)
    expect((await world.reading()).tokenVersion).toBe(2)
    expect(await world.heldRefreshTokens()).toEqual(['refresh-1-2'])
  })
})
