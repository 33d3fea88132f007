import { describe, expect, test } from 'vitest'
import { IDS } from '../../src/application/container/identifiers.ts'
import { HOUR_MS } from '../../src/domain/model/time.ts'
import { Secret } from '../../src/domain/model/secret.ts'
import { askToken, codeOf, giveConsent, KEY, refreshFixture } from './refresh-fixture.ts'
import type { RefreshFixture } from './refresh-fixture.ts'

type Process = ReturnType<RefreshFixture['process']>

/** A host whose call to the platform was refused with this token. */
async function askAnother(process: Process, rejected: string): Promise<string> {
  const token = await process.get(IDS.AccessTokens).get(KEY, { rejectedToken: new Secret(rejected) })
  return token.reveal()
}

const REFUSED = { status: 401, body: { error: 'invalid_token' }, times: null }

describe('A token that the platform’s API refuses although it has not ended', () => {
  test('is renewed once, however many callers in however many processes were refused', async () => {
    const { emulator, process } = await refreshFixture('revoking')
    const processes = [process(), process(), process(), process()]
    const [first = process()] = processes
    const rejected = await askToken(first)
    emulator.control.setLatency(300, 'standard')
    const asked = processes.flatMap((one) => Array.from({ length: 20 }, () => askAnother(one, rejected)))
    const tokens = new Set(await Promise.all(asked))
    expect(tokens.size).toBe(1)
    expect(tokens).not.toContain(rejected)
    expect(emulator.control.lineages('standard')).toMatchObject([{ tokenCalls: 1, reuses: [] }])
    expect(await askAnother(first, rejected)).toBe([...tokens][0])
    expect(emulator.control.lineages('standard')).toMatchObject([{ tokenCalls: 1 }])
  })

  test('costs no request when another is current already', async () => {
    const { emulator, process } = await refreshFixture('revoking')
    const host = process()
    expect(await askAnother(host, 'a token of yesterday')).toBe(await askToken(host))
    expect(emulator.control.lineages('standard')).toMatchObject([{ tokenCalls: 0 }])
  })

  test('is not renewed again when its successor is refused as well, whichever process asks', async () => {
    const { emulator, process, elapse } = await refreshFixture('revoking')
    const [one, other] = [process(), process()]
    const first = await askToken(one)
    const second = await askAnother(one, first)
    for (const each of [one, other, one, process()]) {
      expect(await codeOf(askAnother(each, second))).toBe('token_rejected')
    }
    expect(emulator.control.lineages('standard')).toMatchObject([{ tokenCalls: 1 }])
    expect(await askToken(other)).toBe(second)
    // A token that came in the usual way gets its own chance.
    await elapse(HOUR_MS)
    const third = await askAnother(other, second)
    await askAnother(other, third)
    expect(emulator.control.lineages('standard')).toMatchObject([{ tokenCalls: 3 }])
  })

  test('gets its chance anew with a new consent', async () => {
    const { process } = await refreshFixture('revoking')
    const host = process()
    const second = await askAnother(host, await askToken(host))
    expect(await codeOf(askAnother(host, second))).toBe('token_rejected')
    await giveConsent(host)
    expect(await codeOf(askAnother(host, await askToken(host)))).toBe('ok')
  })

  test('of an API that refuses everything: one refresh, two calls, and an error that says so', async () => {
    const { emulator, process } = await refreshFixture('revoking')
    const host = process()
    emulator.control.fail('standard', 'api', REFUSED)
    emulator.control.clearRequests()
    expect(await codeOf(host.get(IDS.Connections).rediscover(KEY))).toBe('token_rejected')
    expect(emulator.control.requests('standard', 'api')).toHaveLength(2)
    expect(emulator.control.requests('standard', 'refresh')).toHaveLength(1)
    expect(await codeOf(host.get(IDS.Connections).rediscover(KEY))).toBe('token_rejected')
    expect(emulator.control.requests('standard', 'refresh')).toHaveLength(1)
  })

  test('of a grant that is dead: a person is needed', async () => {
    const { emulator, process, status } = await refreshFixture('revoking')
    const host = process()
    const rejected = await askToken(host)
    emulator.control.revokeAtPlatform('standard', 'sol')
    expect(await codeOf(askAnother(host, rejected))).toBe('reauthorization_required')
    expect(await status()).toBe('revoked_or_expired')
  })

  test('is kept while the platform cannot renew it, and renewed when it can', async () => {
    const { emulator, process, elapse, status } = await refreshFixture('none')
    const host = process()
    const rejected = await askToken(host)
    emulator.control.fail('standard', 'refresh', { status: 503, body: 'down', times: null })
    expect(await codeOf(askAnother(host, rejected))).toBe('provider_unavailable')
    expect(await status()).toBe('active')
    emulator.control.clearFaults()
    await elapse(60_000)
    expect(await askAnother(host, rejected)).not.toBe(rejected)
  })
})
