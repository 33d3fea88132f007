import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { ProviderFailure } from '../../../domain/provider-failure.ts'
import type { PlatformAnswer, PlatformBehaviour } from '../../scripted-platform.ts'
import { failureOf, tokenCalls } from './harness.ts'
import type { ProviderCall, ProviderClientPromises, ProviderClientSetting } from './harness.ts'
import { bodyOf, polluted, withList, withLists, withMember } from './json-text.ts'

/** What a client makes of answers that no documentation describes. */
export const brokenAnswerPromises: ProviderClientPromises = {
  'takes no success that cannot be read for one': refusesUnreadableBodies,
  'takes nothing but a text that can be sent for an access token': refusesOddTokens,
  'reads a lifetime where there is one, and knows of none otherwise': readsLifetimes,
  'is moved by no member named like a prototype': ignoresPrototypes,
  'keeps its feet over lists of any length, depth and content': survivesOddLists,
  'spends no time on the rest of a list that is out of order': readsNoListInVain,
  'gives up a body that has no end before it fills the memory': refusesFloods,
  'gives up a body that unpacks without end': refusesBombs,
  'gives up an answer with thousands of headers': refusesManyHeaders,
}

const TRUNCATED = '{"access_token":"never-to-be-kept","expires_'

async function refusesUnreadableBodies({ calls, platform }: ProviderClientSetting): Promise<void> {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
  const bodies = [
    '<!doctype html><title>Welcome</title>',
    '',
    TRUNCATED,
    'null',
    '[]',
    '"x"',
    '5',
    '{}',
    deep,
    Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d),
  ]
  for (const call of calls.filter(({ ignoresBody }) => ignoresBody !== true)) {
    for (const body of bodies) {
      if (body === '{}' && call.takesEmptyObject === true) continue
      platform.follow(() => ({ status: 200, body }))
      await expectTransient(call, `HTTP 200 with ${String(body).slice(0, 40)}`)
    }
    platform.follow(() => ({ status: 204 }))
    await expectTransient(call, 'HTTP 204')
  }
}

async function refusesOddTokens({ calls, platform }: ProviderClientSetting): Promise<void> {
  const values = [null, 5, true, '', [], ['token'], {}, { token: 'x' }, 'two\r\nlines', 'täglich']
  for (const call of tokenCalls(calls)) {
    for (const value of [undefined, ...values]) {
      platform.follow((request) => changed(call.answer(request), 'access_token', value))
      await expectTransient(call, `access_token ${JSON.stringify(value)}`)
    }
  }
}

async function readsLifetimes({ calls, platform }: ProviderClientSetting): Promise<void> {
  const expected = [
    [3600.5, 3_600_000],
    ['3600', 3_600_000],
    [undefined, null],
    [null, null],
    [0, null],
    [-1, null],
    [1e12, null],
    ['soon', null],
    [[3600], null],
  ] as const
  for (const call of tokenCalls(calls)) {
    for (const [value, expiresInMs] of expected) {
      let isNamed = false
      platform.follow((request) => {
        const answer = call.answer(request)
        isNamed ||= bodyOf(answer).includes('"expires_in"')
        return changed(answer, 'expires_in', value)
      })
      const tokens = await call.run()
      if (!isNamed) continue
      assert.ok(typeof tokens === 'object' && tokens !== null && 'expiresInMs' in tokens)
      assert.equal(tokens.expiresInMs, expiresInMs, `${call.name}: expires_in ${JSON.stringify(value)}`)
    }
  }
}

async function ignoresPrototypes({ calls, platform }: ProviderClientSetting): Promise<void> {
  for (const call of calls) {
    platform.follow((request) => {
      const answer = call.answer(request)
      return { ...answer, body: polluted(bodyOf(answer)) }
    })
    await call.run()
    assert.equal(Reflect.get({}, 'polluted'), undefined, call.name)
    assert.equal(typeof {}.toString, 'function')
  }
}

/** The first has more entries than a function takes arguments; the others have no text, or one that takes a stack. */
const ODD_LISTS = [
  `[${'0,'.repeat(140_000)}0]`,
  `[${'['.repeat(100_000)}${']'.repeat(100_000)}]`,
  '[{"toString":1}]',
  '[{"toString":"x","valueOf":"x"}]',
  '[true,null]',
]

/** Such an answer may be refused or be read as far as it goes, but what came with it must not be lost to another error. */
async function survivesOddLists({ calls, platform }: ProviderClientSetting): Promise<void> {
  for (const call of calls) {
    for (const list of ODD_LISTS) {
      platform.follow((request) => {
        const answer = call.answer(request)
        return { ...answer, body: withLists(bodyOf(answer), list) }
      })
      const outcome = await call.run().catch((error: unknown) => error)
      const isKnown = !(outcome instanceof Error) || outcome instanceof ProviderFailure
      assert.ok(isKnown, `${call.name}, ${list.slice(0, 40)}: rejects with ProviderFailure if at all`)
    }
  }
}

/** As long as a body may be. */
const LONG_LIST = `[${'1,'.repeat(500_000)}1]`
const MAX_CPU_MICROSECONDS = 600_000

/** In successes and in refusals. Time of the processor, which does not depend on what else the machine does. */
async function readsNoListInVain({ calls, platform, refusals }: ProviderClientSetting): Promise<void> {
  for (const call of calls) {
    const refused = refusals.find(
      ({ answer, call: name }) => name === call.name && bodyOf(answer).includes('['),
    )
    const answers = [call.answer, ...(refused === undefined ? [] : [() => refused.answer])]
    for (const answer of answers) {
      platform.follow((request) => {
        const right = answer(request)
        return { ...right, body: withList(bodyOf(right), LONG_LIST) }
      })
      const before = process.cpuUsage()
      const outcome = await call.run().catch((error: unknown) => error)
      const { user } = process.cpuUsage(before)
      const isKnown = !(outcome instanceof Error) || outcome instanceof ProviderFailure
      assert.ok(isKnown, `${call.name}: rejects with ProviderFailure if at all`)
      const perRequest = user / platform.requests.length
      assert.ok(perRequest < MAX_CPU_MICROSECONDS, `${call.name} took ${perRequest} µs of the processor`)
    }
  }
}

const MAX_TAKEN = 4 * 1024 * 1024

async function refusesFloods({ calls, platform }: ProviderClientSetting): Promise<void> {
  for (const call of calls) {
    platform.follow(() => ({ floodBytes: 100_000_000 }))
    await expectTransient(call, '100 MB')
    const perRequest = platform.floodedBytes / platform.requests.length
    // What the operating system's buffers swallow cannot be called back.
    assert.ok(perRequest < MAX_TAKEN, `${call.name} took ${perRequest} bytes`)
  }
}

async function refusesBombs({ calls, platform }: ProviderClientSetting): Promise<void> {
  const body = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '))
  platform.follow(() => ({ headers: { 'content-encoding': 'gzip' }, body }))
  for (const call of calls) await expectTransient(call, '64 MB of blanks in a gzip')
}

async function refusesManyHeaders({ calls, platform }: ProviderClientSetting): Promise<void> {
  const headers = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`x-${index}`, 'y']))
  platform.follow(() => ({ headers, body: '{}' }))
  for (const call of calls) await expectTransient(call, '10,000 headers')
}

async function expectTransient(call: ProviderCall, situation: string): Promise<void> {
  const { kind, delivery } = await failureOf(call, situation)
  assert.deepEqual(
    { kind, delivery },
    { kind: 'transient', delivery: 'uncertain' },
    `${call.name}, ${situation}`,
  )
}

function changed(answer: PlatformAnswer, name: string, value: unknown): PlatformBehaviour {
  return { ...answer, body: withMember(bodyOf(answer), name, value) }
}
