import { expect, test } from 'vitest'
import { NodeRandomSource } from '../../../src/adapters/node/random-source.ts'

const random = new NodeRandomSource()

test('gives as many bytes as asked for', () => {
  for (const length of [0, 1, 12, 16, 32, 1_000]) expect(random.bytes(length).length).toBe(length)
})

test('never gives the same 16 bytes twice', () => {
  const drawn = Array.from({ length: 1_000 }, () => Buffer.from(random.bytes(16)).toString('hex'))
  expect(new Set(drawn).size).toBe(1_000)
})

test('gives fractions from 0 to below 1, spread over all of it', () => {
  const drawn = Array.from({ length: 1_000 }, () => random.fraction())
  for (const fraction of drawn) {
    expect(fraction).toBeGreaterThanOrEqual(0)
    expect(fraction).toBeLessThan(1)
  }
  for (let tenth = 0; tenth < 10; tenth += 1) {
    expect(drawn.some((fraction) => Math.floor(fraction * 10) === tenth)).toBe(true)
  }
})
