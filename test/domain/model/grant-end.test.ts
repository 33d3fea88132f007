import { expect, test } from 'vitest'
import { grantExpiresAt, grantLimitOf, isGrantExpiring } from '../../../src/domain/model/grant-end.ts'
import { DAY_MS } from '../../../src/domain/model/time.ts'

const DATES = { tokenExpiresAt: 10, refreshExpiresAt: 20, dataAccessExpiresAt: 30 }

test('a grant ends with the credential that nothing replaces', () => {
  const none = { kind: 'none' } as const
  expect(grantLimitOf({ renewal: 'none', rotation: none })).toBe('access_token')
  expect(grantLimitOf({ renewal: 'refresh_token', rotation: none })).toBe('refresh_token')
  expect(grantLimitOf({ renewal: 'refresh_token', rotation: { kind: 'single_use' } })).toBe('none')
  expect(grantLimitOf({ renewal: 'self_exchange', rotation: none })).toBe('none')
})

test('a grant ends at the earliest of its limit and the end of access to data', () => {
  expect(grantExpiresAt(DATES, 'access_token')).toBe(10)
  expect(grantExpiresAt(DATES, 'refresh_token')).toBe(20)
  expect(grantExpiresAt(DATES, 'none')).toBe(30)
  expect(grantExpiresAt({ ...DATES, dataAccessExpiresAt: 15 }, 'refresh_token')).toBe(15)
  expect(grantExpiresAt({ ...DATES, dataAccessExpiresAt: null }, 'none')).toBe(null)
})

test('people are told two weeks before a grant ends, not a millisecond earlier', () => {
  const end = 90 * DAY_MS
  expect(isGrantExpiring(end, 0, 76 * DAY_MS - 1)).toBe(false)
  expect(isGrantExpiring(end, 0, 76 * DAY_MS)).toBe(true)
  expect(isGrantExpiring(end, 0, end + DAY_MS)).toBe(true)
  expect(isGrantExpiring(null, 0, end)).toBe(false)
})

test('of a short grant people are told in its last quarter', () => {
  expect(isGrantExpiring(8 * DAY_MS, 0, 6 * DAY_MS - 1)).toBe(false)
  expect(isGrantExpiring(8 * DAY_MS, 0, 6 * DAY_MS)).toBe(true)
})
