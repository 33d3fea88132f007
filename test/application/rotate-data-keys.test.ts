import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  AesGcmCipher,
  generateEncryptionKey,
  KeyRing,
  LocalKeyInventory,
  MovingCipher,
} from '../../src/adapters/aes-gcm/index.ts'
import { MemoryDataKeyStore } from '../../src/adapters/memory/data-key-store.ts'
import { range } from '../../src/testing/contracts/connection-fixtures.ts'
import { KmsWorkbench } from '../adapters/kms/kms-workbench.ts'
import type { Process } from '../adapters/kms/kms-workbench.ts'
import { SealedWorld } from './sealed-world.ts'
import type { Keys } from './sealed-world.ts'

const rings = { general: new KeyRing({ name: 'TEST_KEY', primary: generateEncryptionKey() }) }

let bench: KmsWorkbench
beforeEach(async () => {
  bench = await KmsWorkbench.open()
})
afterEach(() => bench.close())

/** A process on the way back from KMS to a local key. */
const movingBack = ({ cipher: service }: Process): Keys => ({
  cipher: new MovingCipher({ local: new AesGcmCipher({ rings }), service, seals: 'local' }),
  keys: new LocalKeyInventory({ rings }),
})

const underKms = ({ cipher }: Process, dataKeys = bench.store): Keys => ({
  cipher,
  keys: new LocalKeyInventory({ rings: {}, dataKeys }),
})

/** Three connections under one data key. */
async function threeUnderKms(): Promise<{ readonly world: SealedWorld; readonly dataKey: string }> {
  const world = new SealedWorld()
  const { cipher } = bench.start()
  for (const index of range(3)) await world.connect(cipher, `tenant-${index}`)
  return { world, dataKey: (await world.rows())[0]?.secrets.accessToken?.slice(5, 27) ?? '' }
}

/** A run that only looks, and one that would write. */
const BOTH_RUNS: readonly (readonly [string, { readonly dryRun?: boolean }])[] = [
  ['a dry run', { dryRun: true }],
  ['a run', {}],
]

describe('RotateKeys over values under data keys', () => {
  test('goes on past those whose data key is damaged, and names them', async () => {
    const world = new SealedWorld()
    // A data key for every connection.
    const { cipher } = bench.start({ limits: { maxValues: 2 } })
    for (const index of range(3)) await world.connect(cipher, `tenant-${index}`)
    const damaged = (await world.rows())[0]?.secrets.accessToken?.slice(5, 27) ?? ''
    const store = Object.create(bench.store) as typeof bench.store
    store.find = async (id) => {
      const row = await bench.store.find(id)
      return row && id === damaged ? { ...row, wrapped: row.wrapped.map((byte) => byte ^ 1) } : row
    }
    const result = await world.rotation(movingBack(bench.start({ store }))).run()
    expect(result).toMatchObject({ resealed: 4, unreadable: 2, isComplete: true })
    expect(result.problems.map(({ code }) => code)).toEqual(['cipher_key_unknown', 'cipher_key_unknown'])
    expect(result.byKey[`c1.k.${damaged}`]).toBe(2)
  })

  test('seals again what is under a retired data key, and counts down to none', async () => {
    const world = new SealedWorld()
    const process = bench.start()
    for (const index of range(3)) await world.connect(process.cipher, `tenant-${index}`)
    const from = Object.keys((await world.rotation(underKms(process)).run({ dryRun: true })).byKey)[0] ?? ''
    await process.keys.retire(from.slice(5))
    const rotation = world.rotation(underKms(process))
    expect((await rotation.run()).resealed).toBe(0)
    const result = await rotation.run({ from })
    expect(result).toMatchObject({ resealed: 6, unreadable: 0, isComplete: true })
    expect(result.byKey).toMatchObject({ [from]: 0 })
    expect(await rotation.canRemoveKey(from)).toBe(true)
    await process.keys.revoke(from.slice(5))
    expect(await world.openAll(underKms(process))).toHaveLength(6)
  })

  test.each(BOTH_RUNS)('%s names what is under a revoked data key', async (_, options) => {
    const { dataKey, world } = await threeUnderKms()
    await bench.store.retire(dataKey)
    await bench.store.revoke(dataKey)
    const result = await world.rotation(underKms(bench.start())).run(options)
    expect(result).toMatchObject({ scanned: 6, resealed: 0, unreadable: 6, isComplete: true })
    expect(new Set(result.problems.map(({ code }) => code))).toEqual(new Set(['cipher_key_unknown']))
  })

  test.each(BOTH_RUNS)('%s names what is under a data key that a restore lost', async (_, options) => {
    const { world } = await threeUnderKms()
    const store = new MemoryDataKeyStore({ clock: bench.clock })
    const result = await world.rotation(underKms(bench.start({ store }), store)).run(options)
    expect(result).toMatchObject({ scanned: 6, resealed: 0, unreadable: 6, isComplete: true })
    expect(result.problems[0]).toMatchObject({ tenantId: 'tenant-0', code: 'cipher_key_unknown' })
  })

  test('ends a dry run with what is wrong while the KMS key is disabled, and calls no value unreadable', async () => {
    const { world } = await threeUnderKms()
    bench.kms.disableKey(bench.keyArn)
    const rotation = world.rotation(underKms(bench.start()))
    await expect(rotation.run({ dryRun: true })).rejects.toMatchObject({
      code: 'cipher_unavailable',
      message: expect.stringContaining('the KMS key is disabled') as string,
    })
    bench.kms.enableKey(bench.keyArn)
    expect(await rotation.run({ dryRun: true })).toMatchObject({ scanned: 6, unreadable: 0 })
  })

  test('ends a dry run with an error while KMS is away, and calls no value unreadable', async () => {
    const { world } = await threeUnderKms()
    bench.kms.plan({ times: 3, error: 'ThrottlingException', status: 400 })
    const rotation = world.rotation(underKms(bench.start()))
    await expect(rotation.run({ dryRun: true })).rejects.toMatchObject({ code: 'cipher_unavailable' })
  })

  test('makes no data key in a dry run of a move to KMS', async () => {
    const world = new SealedWorld()
    const local = new AesGcmCipher({ rings })
    for (const index of range(3)) await world.connect(local, `tenant-${index}`)
    const { cipher } = bench.start()
    const moving = {
      cipher: new MovingCipher({ local, service: cipher, seals: 'service' }),
      keys: new LocalKeyInventory({ rings, dataKeys: bench.store }),
    }
    const result = await world.rotation(moving).run({ dryRun: true })
    expect(result).toMatchObject({ scanned: 6, resealed: 6, unreadable: 0 })
    expect(await bench.store.list(undefined, 10)).toEqual([])
  })

  test('asks KMS for nothing where nothing is to be sealed again', async () => {
    const { world } = await threeUnderKms()
    expect(await world.rotation(underKms(bench.start())).run()).toMatchObject({ scanned: 6, unreadable: 0 })
    expect(bench.callsOf('Decrypt')).toBe(0)
  })
})
