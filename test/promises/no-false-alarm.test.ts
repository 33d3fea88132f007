import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { HOUR_MS } from '../../src/domain/model/time.ts'
import type { Fault } from '../../src/emulator/faults.ts'
import { askToken, codeOf, refreshFixture } from './refresh-fixture.ts'

const FAULTS: Readonly<Record<string, readonly [Fault, string]>> = {
  'an internal error': [{ status: 500, body: { error: 'server_error' } }, 'provider_unavailable'],
  'an outage page': [{ status: 503, body: '<html>down</html>' }, 'provider_unavailable'],
  'a page with status 200': [{ status: 200, body: '<html>hello</html>' }, 'provider_response_invalid'],
  'an empty answer': [{ status: 200, body: '' }, 'provider_response_invalid'],
  'the answer null': [{ status: 200, body: 'null' }, 'provider_response_invalid'],
  'half an answer': [{ cutAfterBytes: 20 }, 'provider_unavailable'],
  'an answer without an access token': [{ omit: ['access_token'] }, 'provider_response_invalid'],
  'an answer of the wrong types': [
    { merge: { access_token: 5, refresh_token: {} } },
    'provider_response_invalid',
  ],
  'a connection that is reset': [{ reset: 'before' }, 'provider_unavailable'],
  'a throttle': [{ status: 429, body: {}, headers: { 'retry-after': '30' } }, 'rate_limited'],
  'a refusal of our secret': [{ status: 401, body: { error: 'invalid_client' } }, 'provider_misconfigured'],
  'a refusal of our app': [{ status: 400, body: { error: 'unauthorized_client' } }, 'provider_misconfigured'],
  'a 401 without a body': [{ status: 401, body: '' }, 'provider_misconfigured'],
  'invalid_grant in a success': [{ status: 200, body: { error: 'invalid_grant' } }, expect.any(String)],
  'a code that nobody knows': [{ status: 400, body: { error: 'made_up' } }, expect.any(String)],
  'a redirect': [{ status: 307, body: '', headers: { location: 'http://127.0.0.1:9/' } }, expect.any(String)],
}

describe('No false alarm', () => {
  test.each(Object.entries(FAULTS))(
    '%s leaves the connection as it was, and it recovers',
    async (_name, [fault, code]) => {
      const { emulator, elapse, process, status } = await refreshFixture('none')
      await elapse(HOUR_MS)
      emulator.control.fail('standard', 'refresh', { ...fault, times: null })
      expect(await codeOf(askToken(process()))).toEqual(code)
      expect(await status()).toBe('active')
      emulator.control.clearFaults()
      await elapse(20 * 60_000)
      expect(emulator.control.accepts('standard', await askToken(process()))).toBe(true)
    },
  )

  test('a key of ours that is wrong is our fault, and asks the provider nothing', async () => {
    const { config, elapse, emulator, process, status } = await refreshFixture('single_use')
    await elapse(HOUR_MS)
    const other = process({}, { ...config, encryption: { key: randomBytes(32).toString('hex') } })
    expect(await codeOf(askToken(other))).toBe('cipher_key_unknown')
    expect(emulator.control.lineages('standard')[0]?.tokenCalls).toBe(0)
    expect(await status()).toBe('active')
  })

  test('a database that is down is our fault, and asks the provider nothing', async () => {
    const { elapse, emulator, process, proxy, status } = await refreshFixture('single_use')
    const { config, setDown } = await proxy()
    const container = process({}, config)
    await askToken(container)
    await elapse(HOUR_MS)
    setDown(true)
    expect(await codeOf(askToken(container))).toBe('store_unavailable')
    expect(emulator.control.lineages('standard')[0]?.tokenCalls).toBe(0)
    setDown(false)
    expect(await status()).toBe('active')
    expect(emulator.control.accepts('standard', await askToken(container))).toBe(true)
  })

  test('only the provider’s word for the current token needs a person, and is not asked for twice', async () => {
    const { elapse, emulator, process, status } = await refreshFixture('single_use')
    emulator.control.revokeAtPlatform('standard', 'sol')
    await elapse(HOUR_MS)
    const container = process()
    expect(await codeOf(askToken(container))).toBe('reauthorization_required')
    expect(await codeOf(askToken(container))).toBe('reauthorization_required')
    expect(await status()).toBe('revoked_or_expired')
    expect(emulator.control.lineages('standard')[0]?.tokenCalls).toBe(1)
  })
})
