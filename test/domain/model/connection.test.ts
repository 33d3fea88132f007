import { expect, test } from 'vitest'
import { isLive } from '../../../src/domain/model/connection.ts'

test('a connection lives while it is active or waits for its account', () => {
  expect(isLive('active')).toBe(true)
  expect(isLive('pending_account_selection')).toBe(true)
})

test('a connection that needs a person or was disconnected does not live', () => {
  expect(isLive('needs_reauth')).toBe(false)
  expect(isLive('disconnected')).toBe(false)
})
