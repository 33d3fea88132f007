import { randomFillSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { NodeRandomSource } from '../../../src/adapters/node/random-source.ts'

const random = new NodeRandomSource()

test('gives as many bytes as asked for', () => {
  for (const length of [0, 1, 12, 16, 32, 512, 513, 5_000]) expect(random.bytes(length).length).toBe(length)
})

test('never gives the same 16 bytes twice', () => {
  const drawn = Array.from({ length: 1_000 }, () => Buffer.from(random.bytes(16)).toString('hex'))
  expect(new Set(drawn).size).toBe(1_000)
})

test('leaves alone what it has given, however much is asked for afterwards', () => {
  const given = random.bytes(32)
  const copy = Uint8Array.from(given)
  for (let call = 0; call < 200; call += 1) random.bytes(32).fill(0)
  expect(given).toEqual(copy)
})

test('gives no bytes that somebody else overwrote', () => {
  const zeroes = '00'.repeat(16)
  for (let call = 0; call < 200; call += 1) {
    expect(Buffer.from(random.bytes(16)).toString('hex')).not.toBe(zeroes)
    new Uint8Array(random.bytes(16).buffer).fill(0)
  }
})

test('draws for several at a time, and keeps nothing once the event loop goes on', async () => {
  let drawn = 0
  const counted = new NodeRandomSource((bytes) => {
    drawn += 1
    return randomFillSync(bytes)
  })
  for (let call = 0; call < 16; call += 1) counted.bytes(32)
  expect(drawn).toBe(1)
  await new Promise(setImmediate)
  counted.bytes(1)
  expect(drawn).toBe(2)
})

test('gives nothing where the generator fails, however little is asked for', () => {
  const failing = new NodeRandomSource((bytes) => {
    bytes.fill(7, 0, 16)
    throw new Error('no entropy')
  })
  for (const length of [32, 1, 1_000]) expect(() => failing.bytes(length)).toThrow('no entropy')
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
