import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { KmsDataKeys } from '../../../src/adapters/kms/index.ts'
import { StoreUnavailableError } from '../../../src/domain/errors.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../src/domain/model/time.ts'
import type { DataKeyStore } from '../../../src/ports/data-key-store.ts'
import type { RandomSource } from '../../../src/ports/random-source.ts'
import { KmsWorkbench, contextOf, idOf, read, seal } from './kms-workbench.ts'

const benches: KmsWorkbench[] = []
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.close()
})

async function open(): Promise<KmsWorkbench> {
  const bench = await KmsWorkbench.open()
  benches.push(bench)
  return bench
}

/** Real randomness, but for the jitter of ages, which is none. */
const unjittered: RandomSource = {
  bytes: (length) => randomBytes(length),
  fraction: () => 0.5,
}
const [SOFT_MS, HARD_MS] = [HOUR_MS, DAY_MS]

/** A database of data keys that does not answer. */
function unreachableStore(): DataKeyStore {
  const away = (): Promise<never> => Promise.reject(new StoreUnavailableError('Postgres'))
  return {
    find: away,
    newest: away,
    insert: away,
    states: away,
    list: away,
    rewrap: away,
    retire: away,
    revoke: away,
  }
}

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

  test('are unwrapped once each while twenty thousand values of five hundred tenants are opened', async () => {
    const bench = await open()
    const writing = bench.start({ limits: { maxValues: 50 } })
    const tenants = Array.from({ length: 500 }, (_, index) => `tenant-${index}`)
    const values = await Promise.all(
      tenants.map(async (tenant) => ({ tenant, sealed: await seal(writing, tenant) })),
    )
    expect(new Set(values.map(({ sealed }) => idOf(sealed))).size).toBe(10)
    const reading = bench.start()
    const before = bench.kms.calls.length
    for (let round = 0; round < 40; round += 1)
      await Promise.all(values.map(({ sealed, tenant }) => read(reading, sealed, tenant)))
    expect(bench.kms.calls.length - before).toBe(10)
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
    await expect(reading).rejects.toMatchObject({ code: 'cipher_key_unknown' })
    await expect(reading).rejects.toThrow(/damaged, or was wrapped by another KMS key or for another app/)
  })

  test('are asked for sixteen at a time at the most', async () => {
    const bench = await open()
    const partitioning = 'tenant'
    const tenants = Array.from({ length: 60 }, (_, index) => `tenant-${index}`)
    const process = bench.start({ partitioning })
    bench.kms.plan({ times: 60, delayMs: 30 })
    await Promise.all(tenants.map((tenant) => seal(process, tenant)))
    expect(bench.callsOf('GenerateDataKey')).toBe(60)
    expect(bench.kms.maxAtOnce).toBeGreaterThan(8)
    expect(bench.kms.maxAtOnce).toBeLessThanOrEqual(16)
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
    const limits = { softAgeMs: 2 * DAY_MS, maxValues: 0 }
    expect(() => new KmsDataKeys(bench.options({ limits }))).toThrow(/maxValues.*softAgeMs/)
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
    const process = bench.start({ limits: { maxValues: 7 } })
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
    const process = bench.start({ limits: { maxValues: 2 } })
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
    const process = bench.start({ store: unreachableStore() })
    await expect(read(process, sealed)).rejects.toMatchObject({ code: 'cipher_unavailable' })
    await expect(seal(process)).rejects.toMatchObject({ code: 'cipher_unavailable' })
  })

  test('the database of the keys being away does not stop a key whose time is up', async () => {
    const bench = await open()
    let isAway = false
    const away = unreachableStore()
    const store = new Proxy(bench.store, {
      get: (present, name: keyof DataKeyStore) => {
        const target = isAway ? away : present
        return target[name].bind(target)
      },
    })
    const process = bench.start({ store, limits: { generationMs: HOUR_MS } })
    const sealed = await seal(process)
    isAway = true
    await bench.clock.advance(HOUR_MS)
    expect(idOf(await seal(process))).toBe(idOf(sealed))
    isAway = false
    await bench.clock.advance(MINUTE_MS)
    expect(idOf(await seal(process))).not.toBe(idOf(sealed))
  })
})
