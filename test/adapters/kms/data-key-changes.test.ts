import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  AesGcmCipher,
  KeyRing,
  MovingCipher,
  generateEncryptionKey,
} from '../../../src/adapters/aes-gcm/index.ts'
import { rewrapDataKeys } from '../../../src/adapters/kms/index.ts'
import { parseTenantId } from '../../../src/domain/model/identifiers.ts'
import { Secret } from '../../../src/domain/model/secret.ts'
import { MINUTE_MS } from '../../../src/domain/model/time.ts'
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
    await expect(reading).rejects.toMatchObject({ code: 'cipher_key_unknown', isRetryable: false })
    await expect(reading).rejects.toThrow(`key ${idOf(sealed)}, whose row in data_keys is damaged`)
    expect(process.logger.lines.join()).toContain(idOf(sealed))
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
      await expect(reading).rejects.toMatchObject({ code: 'cipher_key_unknown' })
    }
  })

  test('do not seal, which may go on later', async () => {
    const bench = await open()
    await seal(bench.start())
    const store = Object.create(bench.store) as typeof bench.store
    store.newest = async (...asked) =>
      (await bench.store.newest(...asked)).map((row) => ({ ...row, fingerprint: 'A'.repeat(22) }))
    const sealing = seal(bench.start({ store }))
    await expect(sealing).rejects.toMatchObject({ code: 'cipher_unavailable', isRetryable: true })
    await expect(sealing).rejects.toThrow('retire it')
  })
})

describe('revocation', () => {
  test('reaches other processes with their next look, a minute later at the most', async () => {
    const bench = await open()
    const [operator, other] = [bench.start(), bench.start()]
    const sealed = await seal(operator)
    expect(await read(other, sealed)).toBe('token')
    expect(await operator.keys.retire(idOf(sealed))).toBe(true)
    expect(await operator.keys.revoke(idOf(sealed))).toBe(true)
    await expect(read(operator, sealed)).rejects.toMatchObject({ code: 'cipher_key_unknown' })
    await bench.clock.advance(MINUTE_MS)
    await read(other, sealed)
    await vi.waitFor(() => expect(read(other, sealed)).rejects.toMatchObject({ code: 'cipher_key_unknown' }))
    expect(idOf(await seal(other))).not.toBe(idOf(sealed))
  })

  test('is refused for the key that seals, until it is retired and the next one seals', async () => {
    const bench = await open()
    const operator = bench.start()
    const sealed = await seal(operator)
    const id = idOf(sealed)
    await expect(operator.keys.revoke(id)).rejects.toMatchObject({ code: 'config_invalid' })
    expect(await operator.keys.retire(id)).toBe(true)
    expect(idOf(await seal(operator))).not.toBe(id)
    expect(await read(operator, sealed)).toBe('token')
    expect(await operator.keys.retire(id)).toBe(false)
    expect(await operator.keys.revoke(id)).toBe(true)
  })

  test('is known to a process that was idle before it seals again', async () => {
    const bench = await open()
    const [operator, idle] = [bench.start(), bench.start()]
    const id = idOf(await seal(idle))
    await operator.keys.retire(id)
    await bench.clock.advance(MINUTE_MS)
    await operator.keys.revoke(id)
    const sealed = await Promise.all([seal(idle), seal(idle), seal(idle)])
    expect(sealed.map(idOf)).not.toContain(id)
  })

  test('of a tenant leaves none of its keys, however many there are', async () => {
    const bench = await open()
    const process = bench.start({ partitioning: 'tenant', limits: { maxValues: 1 } })
    for (let count = 0; count < 150; count += 1) await seal(process, 'gone')
    expect(await process.keys.revokeTenant(parseTenantId('gone'))).toBe(150)
    expect(await bench.store.list(undefined, 10)).toEqual([])
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
    expect(await rewrapDataKeys(bench.options(), target)).toEqual({ rewrapped: 8, kept: 0, damaged: [] })
    expect(await rewrapDataKeys(bench.options(), target)).toEqual({ rewrapped: 0, kept: 8, damaged: [] })
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
    expect(await rewrapDataKeys(bench.options(), 'alias/next')).toEqual({
      rewrapped: 1,
      kept: 0,
      damaged: [],
    })
  })

  test('takes over the others where one is damaged, and names that one', async () => {
    const bench = await open()
    const process = bench.start({ partitioning: 'tenant' })
    const sealed = [await seal(process, 'a'), await seal(process, 'b'), await seal(process, 'c')]
    const damagedId = sealed.map(idOf).sort()[1] ?? ''
    const row = await bench.store.find(damagedId)
    if (row === undefined) throw new Error('the row is missing')
    await bench.store.rewrap(
      row,
      row.kmsKeyId,
      row.wrapped.map((byte) => byte ^ 1),
    )
    const outcome = await rewrapDataKeys(bench.options(), bench.kms.createKey())
    expect(outcome).toEqual({ rewrapped: 2, kept: 0, damaged: [damagedId] })
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
    expect(await rewrapDataKeys(bench.options(), target)).toEqual({ rewrapped: 3, kept: 3, damaged: [] })
  })
})

describe('MovingCipher', () => {
  test.each([
    ['service', 'c1.k.'],
    ['local', 'c1.a.'],
  ] as const)('reads both sides of a move and writes the one that seals: %s', async (seals, prefix) => {
    const bench = await open()
    const service = bench.start().cipher
    const ring = new KeyRing({ name: 'K', primary: generateEncryptionKey() })
    const local = new AesGcmCipher({ rings: { general: ring } })
    const moving = new MovingCipher({ local, service, seals })
    const [ofLocal, ofService] = [
      await local.seal(new Secret('token'), contextOf()),
      await service.seal(new Secret('token'), contextOf()),
    ]
    await moving.prepare(contextOf())
    const written = await moving.seal(new Secret('token'), contextOf())
    expect(written.startsWith(prefix)).toBe(true)
    for (const value of [ofLocal, ofService, written])
      expect((await moving.open(value, contextOf())).reveal()).toBe('token')
    await expect(service.open(ofLocal, contextOf())).rejects.toMatchObject({ code: 'cipher_value_invalid' })
    await expect(local.open(ofService, contextOf())).rejects.toMatchObject({ code: 'cipher_value_invalid' })
  })
})
