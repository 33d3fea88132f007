import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { DataKeyRow, DataKeyStore, WrappedDataKey } from '../../ports/data-key-store.ts'
import { registerPromises } from './register-promises.ts'
import type { RegisterTest } from './register-test.ts'

/** A store of data keys under test. */
export interface DataKeyStoreHarness {
  readonly store: DataKeyStore
  /** Another process's view of the same keys. */
  readonly sibling: DataKeyStore
  /** Lets this much time pass for the store. */
  readonly elapse: (ms: number) => Promise<void>
  close(): Promise<void>
}

/** Every promise of the DataKeyStore port. */
export function dataKeyStoreContract(test: RegisterTest, open: () => Promise<DataKeyStoreHarness>): void {
  const withStore: Register = (title, body) => registerPromises(test, open, [{ [title]: body }])
  testInsert(withStore)
  testReading(withStore)
  testChanges(withStore)
}

type Register = (title: string, body: (harness: DataKeyStoreHarness) => Promise<void>) => void

function testInsert(test: Register): void {
  test('makes the first key of a partition its active one, of generation 1', async ({ store }) => {
    const key = newKey()
    const row = await store.insert(key, undefined)
    assertKey(row, key)
    assert.deepEqual([row.generation, row.state], [1, 'active'])
    assertKey(await store.find(key.id), key)
  })

  test('gives the same key to twenty that make one at once', async ({ sibling, store }) => {
    const partition = newKey().partition
    const stores = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? store : sibling))
    const rows = await Promise.all(stores.map((one) => one.insert(newKey(partition), undefined)))
    assert.equal(new Set(rows.map((row) => row.id)).size, 1)
    assert.equal((await store.newest(partition, 100)).length, 1)
  })

  test('gives the same next key to twenty that replace one at once', async ({ sibling, store }) => {
    const first = await store.insert(newKey(), undefined)
    const stores = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? store : sibling))
    const rows = await Promise.all(stores.map((one) => one.insert(newKey(first.partition), first.id)))
    assert.equal(new Set(rows.map((row) => row.id)).size, 1)
    assert.notEqual(rows[0]?.id, first.id)
    assert.equal(rows[0]?.generation, 2)
    const kept = await store.newest(first.partition, 100)
    assert.deepEqual(
      kept.map((row) => [row.generation, row.state]),
      [
        [2, 'active'],
        [1, 'decrypt'],
      ],
    )
  })

  test('keeps the active key when it is another than the one to replace', async ({ store }) => {
    const first = await store.insert(newKey(), undefined)
    assert.equal((await store.insert(newKey(first.partition), undefined)).id, first.id)
    assert.equal((await store.insert(newKey(first.partition), newKey().id)).id, first.id)
  })

  test('makes a key where the active one was revoked', async ({ store }) => {
    const first = await store.insert(newKey(), undefined)
    await store.revoke(first.id)
    const next = await store.insert(newKey(first.partition), first.id)
    assert.notEqual(next.id, first.id)
    assert.deepEqual([next.generation, next.state], [2, 'active'])
  })

  test('keeps partitions apart', async ({ store }) => {
    const one = await store.insert(newKey(), undefined)
    const other = await store.insert(newKey(), undefined)
    assert.notEqual(one.id, other.id)
    assert.deepEqual(ids(await store.newest(one.partition, 10)), [one.id])
  })
}

function testReading(test: Register): void {
  test('finds nothing under an id that it does not have', async ({ store }) => {
    const { id } = newKey()
    assert.equal(await store.find(id), undefined)
    assert.deepEqual(await store.newest(newKey().partition, 10), [])
    assert.equal((await store.states([id])).size, 0)
    assert.equal((await store.states([])).size, 0)
  })

  test('tells how old a key is', async ({ elapse, store }) => {
    const { id } = await store.insert(newKey(), undefined)
    const before = (await store.find(id))?.ageMs ?? Number.NaN
    assert.ok(before >= 0 && before < 60_000)
    await elapse(3_600_000)
    const after = (await store.find(id))?.ageMs ?? Number.NaN
    assert.ok(after - before >= 3_600_000 && after - before < 3_660_000)
  })

  test('gives the newest generations first, and no more than asked for', async ({ store }) => {
    const first = await store.insert(newKey(), undefined)
    const second = await store.insert(newKey(first.partition), first.id)
    const third = await store.insert(newKey(first.partition), second.id)
    assert.deepEqual(ids(await store.newest(first.partition, 2)), [third.id, second.id])
  })

  test('lists every key once, page after page', async ({ store }) => {
    const inserted = new Set<string>()
    for (let count = 0; count < 7; count += 1) inserted.add((await store.insert(newKey(), undefined)).id)
    const listed: string[] = []
    let page = await store.list(undefined, 3)
    while (page.length > 0) {
      assert.ok(page.length <= 3)
      listed.push(...ids(page))
      page = await store.list(listed.at(-1), 3)
    }
    assert.equal(new Set(listed).size, listed.length)
    assert.ok([...inserted].every((id) => listed.includes(id)))
  })

  test('hands out copies', async ({ store }) => {
    const key = newKey()
    const kept = Uint8Array.from(key.wrapped)
    await store.insert(key, undefined)
    key.wrapped.fill(0)
    const row = await store.find(key.id)
    assert.deepEqual(row?.wrapped, kept)
    row.wrapped.fill(0)
    assert.deepEqual((await store.find(key.id))?.wrapped, kept)
  })
}

function testChanges(test: Register): void {
  test('replaces a wrapping that is still the one that was read', async ({ sibling, store }) => {
    const row = await store.insert(newKey(), undefined)
    const anew = Uint8Array.from(randomBytes(60))
    assert.equal(await store.rewrap(row, 'another-kms-key', anew), true)
    const after = await sibling.find(row.id)
    assert.deepEqual([after?.kmsKeyId, after?.wrapped], ['another-kms-key', anew])
    assert.equal(await store.rewrap(row, 'a-third-kms-key', anew), false)
    assert.equal((await store.find(row.id))?.kmsKeyId, 'another-kms-key')
  })

  test('retires the active key, which then only opens while the next one seals', async ({
    sibling,
    store,
  }) => {
    const first = await store.insert(newKey(), undefined)
    assert.equal(await store.retire(first.id), true)
    assert.equal(await sibling.retire(first.id), false)
    assert.equal((await sibling.find(first.id))?.state, 'decrypt')
    const next = await store.insert(newKey(first.partition), undefined)
    assert.deepEqual([next.generation, next.state], [2, 'active'])
    await store.revoke(first.id)
    assert.equal(await store.retire(first.id), false)
    assert.equal((await store.find(first.id))?.state, 'revoked')
  })

  test('revokes once and for good, and erases what the key could be unwrapped from', async ({
    sibling,
    store,
  }) => {
    const row = await store.insert(newKey(), undefined)
    assert.equal(await store.revoke(row.id), true)
    assert.equal(await sibling.revoke(row.id), false)
    assert.equal(await store.revoke(newKey().id), false)
    const revoked = await sibling.find(row.id)
    assert.deepEqual([revoked?.state, revoked?.wrapped], ['revoked', new Uint8Array()])
    assert.deepEqual([...(await store.states([row.id, newKey().id]))], [[row.id, 'revoked']])
    assert.equal(await store.rewrap(row, 'another-kms-key', randomBytes(60)), false)
    assert.deepEqual(await store.newest(row.partition, 10), [])
    assert.ok(!ids(await store.list(undefined, 1_000)).includes(row.id))
  })
}

function newKey(partition = `partition-${randomBytes(6).toString('hex')}`): WrappedDataKey {
  return {
    id: randomBytes(16).toString('base64url'),
    partition,
    kmsKeyId: 'arn:aws:kms:eu-central-1:000000000000:key/one',
    wrapped: Uint8Array.from(randomBytes(184)),
    fingerprint: randomBytes(16).toString('base64url'),
  }
}

function ids(rows: readonly DataKeyRow[]): string[] {
  return rows.map((row) => row.id)
}

function assertKey(row: DataKeyRow | undefined, key: WrappedDataKey): void {
  assert.ok(row !== undefined)
  const { fingerprint, id, kmsKeyId, partition, wrapped } = row
  assert.deepEqual({ fingerprint, id, kmsKeyId, partition, wrapped }, key)
}
