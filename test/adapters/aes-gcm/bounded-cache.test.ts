import { expect, test } from 'vitest'
import { BoundedCache } from '../../../src/adapters/aes-gcm/bounded-cache.ts'

function filled(limit: number): BoundedCache<number> {
  const cache = new BoundedCache<number>(limit)
  for (let key = 0; key < limit; key += 1) cache.set(String(key), key)
  return cache
}

test('keeps as many values as its limit and finds each of them', () => {
  const cache = filled(100)
  expect(cache.size).toBe(100)
  for (let key = 0; key < 100; key += 1) expect(cache.get(String(key))).toBe(key)
})

test('lets the value go that was kept longest when none was used', () => {
  const cache = filled(3)
  cache.set('3', 3)
  expect(cache.size).toBe(3)
  expect(cache.get('0')).toBeUndefined()
  expect(cache.get('1')).toBe(1)
})

test('keeps what is used, however many others come and go', () => {
  const cache = filled(10)
  for (let key = 10; key < 1_000; key += 1) {
    expect(cache.get('0')).toBe(0)
    cache.set(String(key), key)
    expect(cache.size).toBe(10)
  }
})

test('lets one go although all were used', () => {
  const cache = filled(3)
  for (const key of ['0', '1', '2']) cache.get(key)
  cache.set('3', 3)
  expect(cache.size).toBe(3)
  expect(cache.get('0')).toBeUndefined()
})

test('replaces and forgets a value of its own key alone', () => {
  const cache = filled(3)
  cache.set('1', 10)
  cache.delete('2')
  expect([cache.get('0'), cache.get('1'), cache.get('2'), cache.size]).toEqual([0, 10, undefined, 2])
})
