import assert from 'node:assert/strict'
import { asSealed } from '../../ports/cipher.ts'
import type { Sealed } from '../../ports/cipher.ts'
import { StateTakenError } from '../../ports/state-store.ts'
import type { StateKey, StateStore } from '../../ports/state-store.ts'
import { registerPromises } from './register-promises.ts'
import type { RegisterTest } from './register-test.ts'

/** A store of states under test, and its time. */
export interface StateStoreHarness {
  readonly store: StateStore
  /** Another instance over the same states, as in a second process. */
  readonly sibling: StateStore
  /** Lets time pass for the store: by its clock, or by waiting. */
  pass(ms: number): Promise<void>
  /** How finely `pass` and the store tell times apart: 1 for a set clock, some hundred on a busy machine. */
  readonly granularityMs: number
  close(): Promise<void>
}

const MINUTE_MS = 60_000

/** What every StateStore does. Each test opens its own harness and closes it. */
export function stateStoreContract(test: RegisterTest, open: () => Promise<StateStoreHarness>): void {
  const promises = {
    'gives a remembered value back once and then no more': givesBackOnce,
    'gives the value to exactly one of twenty concurrent consumers': hasOneWinner,
    'gives nothing for a key that was never remembered': knowsNothingElse,
    'refuses a taken key and keeps what it held': refusesTakenKeys,
    'lets one of twenty concurrent callers take a key': isTakenByOne,
    'remembers until the end of the lifetime and not beyond': expires,
    'takes a key again once it was consumed, and once it expired': reusesFreeKeys,
    'keeps every key apart from every other': keepsKeysApart,
    'gives values back unchanged, whatever they hold and up to 20 KB': keepsValuesUnchanged,
  }
  registerPromises(test, open, [promises])
}

async function givesBackOnce({ store, sibling }: StateStoreHarness): Promise<void> {
  const key = newKey()
  await store.remember(key, asSealed('c1.value'), MINUTE_MS)
  assert.equal(await sibling.consume(key), 'c1.value')
  assert.equal(await store.consume(key), undefined)
  assert.equal(await sibling.consume(key), undefined)
}

async function hasOneWinner({ store, sibling }: StateStoreHarness): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    const key = newKey()
    await store.remember(key, asSealed('c1.value'), MINUTE_MS)
    const values = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? store : sibling).consume(key)),
    )
    assert.deepEqual(
      values.filter((value) => value !== undefined),
      ['c1.value'],
    )
  }
}

async function knowsNothingElse({ store }: StateStoreHarness): Promise<void> {
  assert.equal(await store.consume(newKey()), undefined)
}

async function refusesTakenKeys({ store, sibling }: StateStoreHarness): Promise<void> {
  const key = newKey()
  await store.remember(key, asSealed('c1.first'), MINUTE_MS)
  await assert.rejects(sibling.remember(key, asSealed('c1.second'), MINUTE_MS), StateTakenError)
  assert.equal(await store.consume(key), 'c1.first')
}

async function isTakenByOne({ store, sibling }: StateStoreHarness): Promise<void> {
  const key = newKey()
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      (index % 2 === 0 ? store : sibling).remember(key, asSealed(`c1.value-${index}`), MINUTE_MS),
    ),
  )
  const winners = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []))
  assert.equal(winners.length, 1)
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') assert.ok(outcome.reason instanceof StateTakenError)
  }
  assert.equal(await store.consume(key), `c1.value-${winners.join()}`)
}

async function expires({ store, pass, granularityMs }: StateStoreHarness): Promise<void> {
  const [early, late] = [newKey(), newKey()]
  const ttlMs = 5 * granularityMs
  await Promise.all([early, late].map((key) => store.remember(key, asSealed('c1.value'), ttlMs)))
  await pass(ttlMs - granularityMs)
  assert.equal(await store.consume(early), 'c1.value')
  await pass(granularityMs)
  assert.equal(await store.consume(late), undefined)
}

async function reusesFreeKeys({ store, pass, granularityMs }: StateStoreHarness): Promise<void> {
  const key = newKey()
  await store.remember(key, asSealed('c1.first'), MINUTE_MS)
  await store.consume(key)
  await store.remember(key, asSealed('c1.second'), granularityMs)
  await pass(2 * granularityMs)
  await store.remember(key, asSealed('c1.third'), MINUTE_MS)
  assert.equal(await store.consume(key), 'c1.third')
}

async function keepsKeysApart({ store }: StateStoreHarness): Promise<void> {
  const base = newKey()
  // Keys are text and nothing but text: no pattern, no hash tag, no prefix of another.
  const keys = [base, `${base}0`, `${base}*`, `{${base}}`, base.toUpperCase(), `${base}:a`, `${base}%`]
  await Promise.all(keys.map((key, index) => store.remember(key, asSealed(`c1.${index}`), MINUTE_MS)))
  assert.equal(await store.consume(`${base}*`), 'c1.2')
  assert.equal(await store.consume(base), 'c1.0')
  const rest = await Promise.all(keys.map((key) => store.consume(key)))
  assert.deepEqual(rest, [undefined, 'c1.1', undefined, 'c1.3', 'c1.4', 'c1.5', 'c1.6'])
}

async function keepsValuesUnchanged({ store }: StateStoreHarness): Promise<void> {
  for (const value of values()) {
    const key = newKey()
    await store.remember(key, value, MINUTE_MS)
    assert.equal(await store.consume(key), value)
  }
}

function values(): readonly Sealed[] {
  const everyAscii = Array.from({ length: 127 }, (_, index) => String.fromCharCode(index + 1)).join('')
  const texts = [
    '',
    '0',
    'null',
    '"\\\'',
    '\r\n$5\r\nhello\r\n',
    everyAscii,
    'é€😀\u2028',
    'A_-.'.repeat(5_120),
  ]
  return texts.map(asSealed)
}

let made = 0

/** A key that no test used before, also over several runs on one store. */
function newKey(): StateKey {
  made += 1
  return `key-${globalThis.crypto.randomUUID()}-${made}`
}
