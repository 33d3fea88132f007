import assert from 'node:assert/strict'
import type { PlatformAnswer } from '../../scripted-platform.ts'
import { failureOf, tokenCalls } from './harness.ts'
import type { ProviderClientPromises, ProviderClientSetting } from './harness.ts'

/** What is sent, and what the platform's refusals mean. */
export const requestPromises: ProviderClientPromises = {
  'sends what the platform documents and takes its answer': sendsWhatIsDocumented,
  'tells every refusal of the platform for what it is': classifiesRefusals,
  'waits as long as a 429 says, and keeps the credential': obeysRetryAfter,
  'takes no server error for the end of a credential': survivesServerErrors,
  'takes the page of a proxy for no word of the platform': doubtsForeignPages,
  'sends a request for tokens once, whatever comes of it': neverRepeats,
}

async function sendsWhatIsDocumented({ calls, platform }: ProviderClientSetting): Promise<void> {
  for (const call of calls) {
    platform.follow((request) => call.answer(request))
    await call.run()
    const [first] = platform.requests
    assert.ok(first, `${call.name} asks the platform`)
    for (const [name, value] of Object.entries(call.sends ?? {})) {
      assert.equal(first.parameters.get(name), value, `${call.name} sends ${name}`)
    }
  }
}

async function classifiesRefusals({ calls, refusals, platform }: ProviderClientSetting): Promise<void> {
  for (const { title, call: name, answer, means } of refusals) {
    const call = calls.find((candidate) => candidate.name === name)
    assert.ok(call, `the harness has a call ${name}`)
    platform.follow(() => answer)
    if (means === 'success') await call.run()
    else assert.equal((await failureOf(call, title)).kind, means, `${name}: ${title}`)
  }
}

async function obeysRetryAfter({ calls, platform }: ProviderClientSetting): Promise<void> {
  platform.follow(() => ({ status: 429, headers: { 'retry-after': '7' } }))
  for (const call of calls) {
    const { kind, retryAfterMs } = await failureOf(call, '429')
    assert.deepEqual({ kind, retryAfterMs }, { kind: 'rate_limited', retryAfterMs: 7_000 }, call.name)
  }
}

async function survivesServerErrors({ calls, platform }: ProviderClientSetting): Promise<void> {
  const page = '<!doctype html><title>Bad Gateway</title>'
  for (const status of [500, 502, 503, 504]) {
    for (const body of [page, '', '{}']) {
      platform.follow(() => ({ status, body }))
      for (const call of calls) {
        const { kind } = await failureOf(call, `HTTP ${status}`)
        assert.equal(kind, 'transient', `${call.name}, HTTP ${status}, body ${body}`)
      }
    }
  }
}

/** Statuses that platforms use themselves are left out: there the page may be theirs. */
async function doubtsForeignPages({ calls, platform }: ProviderClientSetting): Promise<void> {
  for (const status of [400, 403, 418]) {
    platform.follow(() => ({ status, body: '<!doctype html><title>Blocked</title>' }))
    for (const call of calls) {
      const { kind, delivery } = await failureOf(call, `HTTP ${status}`)
      const found = { kind, delivery }
      assert.deepEqual(found, { kind: 'transient', delivery: 'uncertain' }, `${call.name}, HTTP ${status}`)
    }
  }
}

async function neverRepeats({ calls, platform }: ProviderClientSetting): Promise<void> {
  const answers: readonly PlatformAnswer[] = [{ status: 503 }, { status: 429 }, { status: 200, body: '' }]
  for (const answer of answers) {
    for (const call of tokenCalls(calls)) {
      platform.follow(() => answer)
      await failureOf(call, `HTTP ${answer.status}`)
      assert.equal(platform.requests.length, 1, `${call.name} after HTTP ${answer.status}`)
    }
  }
  for (const call of tokenCalls(calls)) {
    platform.follow(() => ({ reset: true }))
    await failureOf(call, 'connection reset')
    assert.equal(platform.requests.length, 1, `${call.name} after a reset`)
  }
}
