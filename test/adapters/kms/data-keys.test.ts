import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  AesGcmCipher,
  KeyRing,
  MovingCipher,
  generateEncryptionKey,
} from '../../../src/adapters/aes-gcm/index.ts'
import { KmsDataKeys, KmsStateKeys, rewrapDataKeys } from '../../../src/adapters/kms/index.ts'
import { parseTenantId } from '../../../src/domain/model/identifiers.ts'
import { Secret } from '../../../src/domain/model/secret.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../src/domain/model/time.ts'
import type { SealContext, Sealed } from '../../../src/ports/cipher.ts'
import type { RandomSource } from '../../../src/ports/random-source.ts'
import { KmsWorkbench } from './kms-workbench.ts'
import type { Process } from './kms-workbench.ts'

const benches: KmsWorkbench[] = []
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.close()
})

async function open(): Promise<KmsWorkbench> {
  const bench = await KmsWorkbench.open()
  benches.push(bench)
  return bench
}

function contextOf(tenant = 'tenant-a'): SealContext {
  return {
    purpose: 'connection',
    tenantId: parseTenantId(tenant),
    provider: 'meta',
    connectionId: 'connection-1',
    grantId: 'grant-1',
    tokenVersion: 1,
    field: 'access_token',
  }
}

const seal = ({ cipher }: Process, tenant?: string): Promise<Sealed> =>
  cipher.seal(new Secret('token'), contextOf(tenant))

const read = async ({ cipher }: Process, sealed: Sealed, tenant?: string): Promise<string> =>
  (await cipher.open(sealed, contextOf(tenant))).reveal()

const idOf = (sealed: Sealed): string => sealed.slice(5, 27)

/** Real randomness, but for the jitter of ages, which is none. */
const unjittered: RandomSource = {
  bytes: (length) => (length === 1 ? Uint8Array.of(127) : randomBytes(length)),
}
const SOFT_MS = HOUR_MS * (0.9 + (0.2 * 127) / 255)
const HARD_MS = DAY_MS * (0.9 + (0.2 * 127) / 255)

const CUT_OFF = { times: 1_000, error: 'AccessDeniedException' }

describe('data keys of a fleet', () => {
  test('are made once, however many processes seal for the first time at once', async () => {
    const bench = await open()
    const fleet = Array.from({ length: 5 }, () => bench.start())
    const sealed = await Promise.all(
      fleet.flatMap((process) => Array.from({ length: 20 }, () => seal(process))),
    )
    expect(new Set(sealed.map(idOf)).size).toBe(1)
    expect(bench.callsOf('GenerateDataKey')).toBeLessThanOrEqual(5)
    for (const process of fleet)
      for (const value of sealed.slice(0, 30)) expect(await read(process, value)).toBe('token')
  })

  test('are unwrapped once for a hundred callers at once, and for the thousand after them', async () => {
    const bench = await open()
    const sealed = await seal(bench.start())
    const other = bench.start()
    await Promise.all(Array.from({ length: 100 }, () => read(other, sealed)))
    for (let count = 0; count < 1_000; count += 1) await read(other, sealed)
    expect(bench.callsOf('Decrypt')).toBe(1)
  })

  test('are bound at the service to purpose, application, partition and id, and name no tenant', async () => {
    const bench = await open()
    const partitioning = 'tenant'
    const sealed = await seal(bench.start({ partitioning }), 'a-tenant-by-name')
    await read(bench.start({ partitioning }), sealed, 'a-tenant-by-name')
    const bound = { purpose: 'integration-token-encryption', app: 'test-app', dataKeyId: idOf(sealed) }
    const expected = { ...bound, partition: expect.stringMatching(/^tenant-[0-9a-f]{32}$/) as string }
    expect(bench.kms.calls.map(({ context }) => context)).toEqual([expected, expected])
    expect(bench.kms.calls.map(({ keyId }) => keyId)).toEqual([bench.keyArn, bench.keyArn])
    expect(JSON.stringify(bench.kms.calls)).not.toContain('a-tenant-by-name')
  })

  test('do not unwrap for another application', async () => {
    const bench = await open()
    const sealed = await seal(bench.start())
    const reading = read(bench.start({ app: 'another-app' }), sealed)
    await expect(reading).rejects.toMatchObject({ code: 'cipher_unavailable' })
    await expect(reading).rejects.toThrow(/row was altered, or is of another KMS key or application/)
  })

  test('are asked for sixteen at a time at the most', async () => {
    const bench = await open()
    const partitioning = 'tenant'
    const tenants = Array.from({ length: 60 }, (_, index) => `tenant-${index}`)
    const process = bench.start({ partitioning })
    bench.kms.plan({ times: 60, delayMs: 30 })
    await Promise.all(tenants.map((tenant) => seal(process, tenant)))
    expect(bench.callsOf('GenerateDataKey')).toBe(60)
    expect(bench.kms.mostAtOnce).toBeGreaterThan(8)
    expect(bench.kms.mostAtOnce).toBeLessThanOrEqual(16)
  })

  test('are shared by what the partitioning says', async () => {
    const tenants = Array.from({ length: 120 }, (_, index) => `tenant-${index}`)
    const made: number[] = []
    for (const partitioning of ['all', 'hash', 'tenant'] as const) {
      const bench = await open()
      const process = bench.start({ partitioning })
      for (const tenant of tenants)
        expect(await read(process, await seal(process, tenant), tenant)).toBe('token')
      made.push(bench.callsOf('GenerateDataKey'))
    }
    expect(made[0]).toBe(1)
    expect(made[1]).toBeGreaterThan(60)
    expect(made[1]).toBeLessThan(120)
    expect(made[2]).toBe(120)
  })

  test('are shown by nothing that is printed', async () => {
    const bench = await open()
    const process = bench.start()
    await seal(process)
    const key = await process.keys.forSealing(undefined)
    const printed = inspect([process.keys, process.cipher, key], { depth: 12, showHidden: true })
    expect(printed).not.toMatch(/Buffer|Uint8Array|secret-access-key/)
  })

  test('refuse limits that make no sense', async () => {
    const bench = await open()
    const limits = { softAgeMs: 2 * DAY_MS, mostValues: 0 }
    expect(() => new KmsDataKeys(bench.options({ limits }))).toThrow(/mostValues.*softAgeMs/)
  })
})

describe('a generation', () => {
  test('ends with its age, and its values stay readable', async () => {
    const bench = await open()
    const process = bench.start()
    const first = await seal(process)
    await bench.clock.advance(DAY_MS - 1)
    expect(idOf(await seal(process))).toBe(idOf(first))
    await bench.clock.advance(1)
    expect(idOf(await seal(process))).not.toBe(idOf(first))
    expect(await read(process, first)).toBe('token')
    expect(await read(bench.start(), first)).toBe('token')
  })

  test('ends with its number of values, also for many at once', async () => {
    const bench = await open()
    const process = bench.start({ limits: { mostValues: 7 } })
    const sealed = await Promise.all(Array.from({ length: 50 }, () => seal(process)))
    const counts = new Map<string, number>()
    for (const id of sealed.map(idOf)) counts.set(id, (counts.get(id) ?? 0) + 1)
    expect(Math.max(...counts.values())).toBe(7)
    expect(counts.size).toBe(8)
  })

  test('goes on when its time is up and no next key can be had, and ends when one can', async () => {
    const bench = await open()
    const process = bench.start()
    const first = await seal(process)
    await bench.clock.advance(DAY_MS - 2 * HOUR_MS)
    await seal(process)
    await vi.waitFor(() => expect(bench.callsOf('Decrypt')).toBe(1))
    bench.kms.plan(CUT_OFF)
    await bench.clock.advance(2 * HOUR_MS)
    expect(idOf(await seal(process))).toBe(idOf(first))
    bench.kms.heal()
    await bench.clock.advance(MINUTE_MS)
    expect(idOf(await seal(process))).not.toBe(idOf(first))
  })

  test('that has sealed all it may does not go on', async () => {
    const bench = await open()
    const process = bench.start({ limits: { mostValues: 2 } })
    await seal(process)
    await seal(process)
    bench.kms.plan(CUT_OFF)
    await expect(seal(process)).rejects.toMatchObject({ code: 'cipher_unavailable' })
  })
})

describe('while the service is away', () => {
  test('known keys serve to their hard age and not beyond', async () => {
    const bench = await open()
    const process = bench.start({ random: unjittered, limits: { generationMs: 30 * DAY_MS } })
    const sealed = await seal(process)
    bench.kms.plan(CUT_OFF)
    await bench.clock.advance(HARD_MS - 1)
    expect(await read(process, sealed)).toBe('token')
    expect(await read(process, await seal(process))).toBe('token')
    await bench.clock.advance(1)
    await expect(read(process, sealed)).rejects.toMatchObject({ code: 'cipher_unavailable' })
    await expect(seal(process)).rejects.toMatchObject({ code: 'cipher_unavailable' })
  })

  test('keys past their soft age are renewed behind their callers, and only then', async () => {
    const bench = await open()
    const process = bench.start({ random: unjittered })
    const sealed = await seal(process)
    await bench.clock.advance(SOFT_MS - 1)
    await read(process, sealed)
    await bench.clock.advance(0)
    expect(bench.callsOf('Decrypt')).toBe(0)
    await bench.clock.advance(1)
    expect(await read(process, sealed)).toBe('token')
    await vi.waitFor(() => expect(bench.callsOf('Decrypt')).toBe(1))
    await read(process, sealed)
    expect(bench.callsOf('Decrypt')).toBe(1)
  })

  test('a process is ready as long as it has a key, and not without any', async () => {
    const bench = await open()
    const [started, late] = [bench.start(), bench.start()]
    await seal(started)
    bench.kms.plan(CUT_OFF)
    expect(await started.keys.isReady()).toBe(true)
    expect(await late.keys.isReady()).toBe(false)
    bench.kms.heal()
    expect(await late.keys.isReady()).toBe(true)
  })

  test('nothing is sealed any other way', async () => {
    const bench = await open()
    bench.kms.plan(CUT_OFF)
    const process = bench.start()
    await expect(seal(process)).rejects.toMatchObject({ code: 'cipher_unavailable', isRetryable: true })
    await expect(process.cipher.prepare(contextOf())).rejects.toMatchObject({ code: 'cipher_unavailable' })
  })

  test('the database of the keys being away is the same, for keys that are not known', async () => {
    const bench = await open()
    const known = bench.start()
    const sealed = await seal(known)
    const { StoreUnavailableError } = await import('../../../src/domain/errors.ts')
    const away = (): Promise<never> => Promise.reject(new StoreUnavailableError('Postgres'))
    const store = { ...bench.store, find: away, newest: away, insert: away, states: away }
    const process = bench.start({ store: { ...store, list: away, rewrap: away, revoke: away } })
    await expect(read(process, sealed)).rejects.toMatchObject({ code: 'cipher_unavailable' })
    await expect(seal(process)).rejects.toMatchObject({ code: 'cipher_unavailable' })
  })
})

describe('rows that were tampered with', () => {
  test('do not yield another key than they were made with', async () => {
    const bench = await open()
    const sealed = await seal(bench.start())
    const row = await bench.store.find(idOf(sealed))
    const store = Object.create(bench.store) as typeof bench.store
    store.find = () =>
      Promise.resolve(row === undefined ? undefined : { ...row, fingerprint: 'A'.repeat(22) })
    const process = bench.start({ store })
    const reading = read(process, sealed)
    await expect(reading).rejects.toMatchObject({ code: 'cipher_unavailable' })
    await expect(reading).rejects.toThrow(`data key ${idOf(sealed)} was altered`)
    expect(process.logger.lines.join()).toContain('fingerprint')
  })

  test("do not unwrap with another row's wrapping or in another partition", async () => {
    const bench = await open()
    const process = bench.start({ partitioning: 'tenant' })
    const [one, other] = [await seal(process, 'a'), await seal(process, 'b')]
    const [row, otherRow] = [await bench.store.find(idOf(one)), await bench.store.find(idOf(other))]
    if (row === undefined || otherRow === undefined) throw new Error('the rows are missing')
    for (const altered of [
      { ...row, wrapped: otherRow.wrapped },
      { ...row, partition: otherRow.partition },
      { ...row, wrapped: row.wrapped.map((byte, index) => (index === 60 ? byte ^ 1 : byte)) },
    ]) {
      const store = Object.create(bench.store) as typeof bench.store
      store.find = () => Promise.resolve(altered)
      const reading = read(bench.start({ store, partitioning: 'tenant' }), one, 'a')
      await expect(reading).rejects.toMatchObject({ code: 'cipher_unavailable' })
    }
  })
})

describe('revocation', () => {
  test('reaches other processes with their next look, a minute later at the most', async () => {
    const bench = await open()
    const [operator, other] = [bench.start(), bench.start()]
    const sealed = await seal(operator)
    expect(await read(other, sealed)).toBe('token')
    expect(await operator.keys.revoke(idOf(sealed))).toBe(true)
    await expect(read(operator, sealed)).rejects.toMatchObject({ code: 'cipher_key_unknown' })
    await bench.clock.advance(MINUTE_MS)
    await read(other, sealed)
    await vi.waitFor(() => expect(read(other, sealed)).rejects.toMatchObject({ code: 'cipher_key_unknown' }))
    expect(idOf(await seal(other))).not.toBe(idOf(sealed))
  })

  test("of a tenant makes that tenant's values unreadable, and nobody else's", async () => {
    const bench = await open()
    const process = bench.start({ partitioning: 'tenant' })
    const [gone, kept] = [await seal(process, 'gone'), await seal(process, 'kept')]
    expect(await process.keys.revokeTenant(parseTenantId('gone'))).toBe(1)
    for (const one of [process, bench.start({ partitioning: 'tenant' })]) {
      await expect(read(one, gone, 'gone')).rejects.toMatchObject({ code: 'cipher_key_unknown' })
      expect(await read(one, kept, 'kept')).toBe('token')
    }
  })

  test('of a tenant is refused where tenants share keys', async () => {
    const bench = await open()
    const revoking = bench.start().keys.revokeTenant(parseTenantId('tenant-a'))
    await expect(revoking).rejects.toMatchObject({ code: 'config_invalid' })
  })
})

describe('a new KMS key', () => {
  test('takes over every data key without touching a value, and does nothing twice', async () => {
    const bench = await open()
    const process = bench.start({ partitioning: 'tenant' })
    const tenants = Array.from({ length: 8 }, (_, index) => `tenant-${index}`)
    const sealed = await Promise.all(tenants.map((tenant) => seal(process, tenant)))
    const target = bench.kms.createKey('alias/next')
    expect(await rewrapDataKeys(bench.options(), target)).toEqual({ rewrapped: 8, kept: 0 })
    expect(await rewrapDataKeys(bench.options(), target)).toEqual({ rewrapped: 0, kept: 8 })
    bench.kms.removeKey(bench.keyArn)
    const next = bench.start({ partitioning: 'tenant', kmsKeyId: target })
    for (const [index, value] of sealed.entries())
      expect(await read(next, value, tenants[index])).toBe('token')
    expect(bench.callsOf('ReEncrypt')).toBe(8)
  })

  test('that is asked for by its alias is recognised by its full name', async () => {
    const bench = await open()
    await seal(bench.start())
    bench.kms.createKey('alias/next')
    expect(await rewrapDataKeys(bench.options(), 'alias/next')).toEqual({ rewrapped: 1, kept: 0 })
  })

  test('is taken over where it was left when the service failed half-way', async () => {
    const bench = await open()
    const process = bench.start({ partitioning: 'tenant' })
    for (let index = 0; index < 6; index += 1) await seal(process, `tenant-${index}`)
    const target = bench.kms.createKey()
    bench.kms.plan({ times: 3, delayMs: 0 })
    bench.kms.plan({ times: 1, error: 'AccessDeniedException' })
    await expect(rewrapDataKeys(bench.options(), target)).rejects.toMatchObject({
      code: 'cipher_unavailable',
    })
    expect(await rewrapDataKeys(bench.options(), target)).toEqual({ rewrapped: 3, kept: 3 })
  })
})

describe('state keys', () => {
  test('are accepted by every process, also right after another has begun the next generation', async () => {
    const bench = await open()
    const [one, other] = [bench.start(), bench.start()].map(({ keys }) => new KmsStateKeys({ keys }))
    if (one === undefined || other === undefined) throw new Error('two processes were started')
    const before = await one.signing()
    expect(await other.accepted()).toEqual([before])
    await bench.clock.advance(DAY_MS)
    const after = await one.signing()
    expect(after).not.toEqual(before)
    expect(await other.accepted()).toEqual([after, before])
    expect(before).toHaveLength(32)
  })
})

describe('MovingCipher', () => {
  test('reads both sides of a move and writes the new one', async () => {
    const bench = await open()
    const to = bench.start().cipher
    const ring = new KeyRing({ name: 'K', primary: generateEncryptionKey() })
    const from = new AesGcmCipher({ rings: { general: ring } })
    const moving = new MovingCipher({ from, to, fromPrefix: 'c1.a.' })
    const before = await from.seal(new Secret('token'), contextOf())
    await moving.prepare(contextOf())
    const after = await moving.seal(new Secret('token'), contextOf())
    expect(after.startsWith('c1.k.')).toBe(true)
    for (const value of [before, after])
      expect((await moving.open(value, contextOf())).reveal()).toBe('token')
    await expect(to.open(before, contextOf())).rejects.toMatchObject({ code: 'cipher_value_invalid' })
    await expect(from.open(after, contextOf())).rejects.toMatchObject({ code: 'cipher_value_invalid' })
  })
})
