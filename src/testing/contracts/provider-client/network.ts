import assert from 'node:assert/strict'
import { startScriptedPlatform } from '../../scripted-platform.ts'
import { failureOf } from './harness.ts'
import type { ProviderClientPromises, ProviderClientSetting } from './harness.ts'

/** What a client does when the network, or the platform behind it, misbehaves. */
export const networkPromises: ProviderClientPromises = {
  'knows that a request to nobody was never sent': knowsUnsentRequests,
  'does not know what became of a request when its connection is reset': admitsUncertainty,
  'settles when the platform never answers': outlastsSilence,
  'settles when the platform sends a byte now and then': outlastsDrips,
  'follows no redirect': followsNoRedirect,
}

async function knowsUnsentRequests({ openAt }: ProviderClientSetting): Promise<void> {
  const gone = await startScriptedPlatform()
  await gone.close()
  const { calls, close } = openAt(gone.url)
  for (const call of calls) {
    const { kind, delivery } = await failureOf(call, 'nobody listens')
    assert.deepEqual({ kind, delivery }, { kind: 'transient', delivery: 'not_sent' }, call.name)
  }
  close?.()
}

async function admitsUncertainty({ calls, platform }: ProviderClientSetting): Promise<void> {
  for (const call of calls) {
    // The first call leaves a connection to be used again, which says no more about the second.
    platform.follow((request) => call.answer(request))
    await call.run()
    platform.follow(() => ({ reset: true }))
    const { kind, delivery } = await failureOf(call, 'connection reset')
    assert.deepEqual({ kind, delivery }, { kind: 'transient', delivery: 'uncertain' }, call.name)
  }
}

const SLACK_MS = 2_000

async function outlastsSilence(setting: ProviderClientSetting): Promise<void> {
  setting.platform.follow(() => ({ hang: true }))
  await expectTimelyFailure(setting, 'silence')
}

async function outlastsDrips(setting: ProviderClientSetting): Promise<void> {
  setting.platform.follow(() => ({ drip: `{${' '.repeat(100_000)}}`, everyMs: 20 }))
  await expectTimelyFailure(setting, 'a byte now and then')
}

async function expectTimelyFailure(
  { calls, hardTimeoutMs }: ProviderClientSetting,
  situation: string,
): Promise<void> {
  for (const call of calls) {
    const startedAt = performance.now()
    const { kind, delivery } = await failureOf(call, situation)
    assert.deepEqual({ kind, delivery }, { kind: 'transient', delivery: 'uncertain' }, call.name)
    const tookMs = performance.now() - startedAt
    assert.ok(tookMs < hardTimeoutMs + SLACK_MS, `${call.name} took ${tookMs} ms of ${situation}`)
  }
}

async function followsNoRedirect({ calls, platform }: ProviderClientSetting): Promise<void> {
  const collector = await startScriptedPlatform()
  try {
    for (const status of [301, 302, 303, 307, 308]) {
      for (const location of [`${collector.url}/take`, '/elsewhere']) {
        for (const call of calls) {
          platform.follow(() => ({ status, headers: { location } }))
          const { kind } = await failureOf(call, `HTTP ${status}`)
          assert.equal(kind, 'transient', `${call.name}, HTTP ${status}`)
          assert.ok(
            platform.requests.every(({ path }) => path !== '/elsewhere'),
            `${call.name} stays`,
          )
        }
      }
    }
    assert.equal(collector.requests.length, 0)
  } finally {
    await collector.close()
  }
}
