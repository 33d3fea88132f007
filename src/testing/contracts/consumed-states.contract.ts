import assert from 'node:assert/strict'
import type { ConsumedStates } from '../../ports/consumed-states.ts'
import { registerPromises } from './register-promises.ts'
import type { RegisterTest } from './register-test.ts'

/** A barrier under test, and its time. */
export interface ConsumedStatesHarness {
  readonly consumed: ConsumedStates
  /** Another instance over the same records, as in a second process. */
  readonly sibling: ConsumedStates
  /** Lets time pass for the records: by their clock, or by waiting. */
  pass(ms: number): Promise<void>
  close(): Promise<void>
}

const DAY_MS = 86_400_000

/** What every ConsumedStates does. Each test opens its own harness and closes it. */
export function consumedStatesContract(test: RegisterTest, open: () => Promise<ConsumedStatesHarness>): void {
  const promises = {
    'records a state for the first caller and for no other': recordsOnce,
    'records a state for exactly one of twenty concurrent callers': hasOneWinner,
    'keeps every state apart from every other': keepsKeysApart,
    'keeps a record for as long as it was asked to, while others come and go': keepsRecords,
  }
  registerPromises(test, open, [promises])
}

async function recordsOnce({ consumed, sibling }: ConsumedStatesHarness): Promise<void> {
  const key = newKey()
  assert.equal(await consumed.record(key, DAY_MS), true)
  assert.equal(await consumed.record(key, DAY_MS), false)
  assert.equal(await sibling.record(key, DAY_MS), false)
}

async function hasOneWinner({ consumed, sibling }: ConsumedStatesHarness): Promise<void> {
  const key = newKey()
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? consumed : sibling).record(key, DAY_MS)),
  )
  assert.equal(answers.filter(Boolean).length, 1)
}

async function keepsKeysApart({ consumed }: ConsumedStatesHarness): Promise<void> {
  const base = newKey()
  for (const key of [base, `${base}0`, `${base}%`, base.toUpperCase()]) {
    assert.equal(await consumed.record(key, DAY_MS), true)
  }
}

async function keepsRecords({ consumed, pass }: ConsumedStatesHarness): Promise<void> {
  const key = newKey()
  const keepMs = 60_000
  await consumed.record(key, keepMs)
  for (let index = 0; index < 20; index += 1) await consumed.record(newKey(), 10)
  await pass(100)
  for (let index = 0; index < 20; index += 1) await consumed.record(newKey(), 10)
  assert.equal(await consumed.record(key, keepMs), false)
}

function newKey(): string {
  return `key-${globalThis.crypto.randomUUID()}`
}
