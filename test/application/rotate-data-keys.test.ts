import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  AesGcmCipher,
  generateEncryptionKey,
  KeyRing,
  LocalKeyInventory,
  MovingCipher,
} from '../../src/adapters/aes-gcm/index.ts'
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

const underKms = ({ cipher }: Process): Keys => ({
  cipher,
  keys: new LocalKeyInventory({ rings: {}, isServiceSealing: true }),
})

describe('RotateKeys over values under data keys', () => {
  test('goes on past those whose data key is damaged, and names them', async () => {
    const world = new SealedWorld()
    // A data key for every connection.
    const { cipher } = bench.start({ limits: { mostValues: 2 } })
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
})
