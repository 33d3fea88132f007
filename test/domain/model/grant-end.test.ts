import { expect, test } from 'vitest'
import { grantExpiresAt, isGrantExpiring, renewableForMs } from '../../../src/domain/model/grant-end.ts'
import { Secret } from '../../../src/domain/model/secret.ts'
import { DAY_MS } from '../../../src/domain/model/time.ts'

const LIVES = { expiresInMs: 10, refreshExpiresInMs: 20 }
const refreshToken = new Secret('refresh')

test('tokens can be had until what renews them ends, or the token that nothing renews', () => {
  expect(renewableForMs('refresh_token', { ...LIVES, refreshToken })).toBe(20)
  expect(renewableForMs('refresh_token', { ...LIVES, refreshExpiresInMs: null, refreshToken })).toBe(null)
  expect(renewableForMs('refresh_token', LIVES)).toBe(10)
  expect(renewableForMs('none', { ...LIVES, refreshToken })).toBe(10)
  expect(renewableForMs('self_exchange', LIVES)).toBe(null)
})

test('a grant ends when it cannot be refreshed any more or with access to data, whichever is earlier', () => {
  const status = 'active'
  expect(grantExpiresAt({ status, refreshExpiresAt: 20, dataAccessExpiresAt: 30 })).toBe(20)
  expect(grantExpiresAt({ status, refreshExpiresAt: 20, dataAccessExpiresAt: 15 })).toBe(15)
  expect(grantExpiresAt({ status, refreshExpiresAt: 20, dataAccessExpiresAt: null })).toBe(20)
  expect(grantExpiresAt({ status, refreshExpiresAt: null, dataAccessExpiresAt: 30 })).toBe(30)
  expect(grantExpiresAt({ status, refreshExpiresAt: null, dataAccessExpiresAt: null })).toBe(null)
})

test('no end is told of a grant that is not live', () => {
  const ends = { refreshExpiresAt: 20, dataAccessExpiresAt: 30 }
  expect(grantExpiresAt({ status: 'pending_account_selection', ...ends })).toBe(20)
  expect(grantExpiresAt({ status: 'needs_reauth', ...ends })).toBe(null)
  expect(grantExpiresAt({ status: 'disconnected', ...ends })).toBe(null)
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
