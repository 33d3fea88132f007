import { expect, test } from 'vitest'
import { SequenceRandomSource } from '../../src/testing/sequence-random-source.ts'

const drawn = (source: SequenceRandomSource): string[] =>
  Array.from({ length: 1_000 }, () => Buffer.from(source.bytes(16)).toString('hex'))

test('draws the same in every run, and something else for every seed', () => {
  expect(drawn(new SequenceRandomSource(7))).toEqual(drawn(new SequenceRandomSource(7)))
  expect(drawn(new SequenceRandomSource(7))).not.toEqual(drawn(new SequenceRandomSource(8)))
  expect(new SequenceRandomSource(0).bytes(32)).not.toEqual(new Uint8Array(32))
})

test('draws no 16 bytes twice', () => {
  expect(new Set(drawn(new SequenceRandomSource())).size).toBe(1_000)
})

test('gives as many bytes as asked for', () => {
  for (const length of [0, 1, 16, 33]) expect(new SequenceRandomSource().bytes(length).length).toBe(length)
})
