import { expect, test } from 'vitest'
import { z } from 'zod'
import { listOf } from '../../../../src/adapters/providers/http/list-of.ts'

const rows = listOf(z.object({ id: z.coerce.string(), name: z.string().catch('') }))

test('a list gives its rows as their schema reads them', () => {
  expect(rows.parse([{ id: 1, name: 'one' }, { id: 2 }])).toEqual([
    { id: '1', name: 'one' },
    { id: '2', name: '' },
  ])
  expect(rows.parse([])).toEqual([])
})

test('a list is read up to its first wrong row and no further', () => {
  let looked = 0
  const counted = listOf(z.unknown().refine((value) => (looked += 1) < 3 && value !== undefined))
  expect(counted.safeParse(new Array<number>(500_000).fill(1)).success).toBe(false)
  expect(looked).toBe(3)
})

test('a list is read as far as it is of use and no further', () => {
  let looked = 0
  const counted = listOf(
    z.unknown().transform(() => (looked += 1)),
    16,
  )
  expect(counted.parse(new Array<number>(500_000).fill(1))).toHaveLength(16)
  expect(looked).toBe(16)
  expect(listOf(z.string(), 2).parse(['a', 'b', 3])).toEqual(['a', 'b'])
})

test.each([null, {}, 'rows', undefined, 5])('%j is no list', (value) => {
  expect(rows.safeParse(value).success).toBe(false)
})
