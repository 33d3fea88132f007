import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { emulatorKlaviyoKeys } from '../../src/emulator/index.ts'
import {
  connectKlaviyo,
  getGoogleAdsAccessToken,
  getKlaviyoApiKey,
  getMetaAccessToken,
  getTikTokAccessToken,
} from '../../src/index.ts'
import { connect, googleAds, meta, tiktok } from './platforms.ts'
import { codeOf, newTenant, openWorkbench, refusalOf, saying } from './workbench.ts'
import type { Workbench } from './workbench.ts'

let bench: Workbench
beforeAll(async () => {
  bench = await openWorkbench()
  return bench.close
})
afterEach(async () => {
  bench.emulator.control.clearFaults()
  await bench.restart()
})

describe('A host whose call was refused by the platform says with which token', () => {
  test.each([
    [googleAds, getGoogleAdsAccessToken],
    [meta, getMetaAccessToken],
  ])('$provider: another is given, and it works', async (platform, getToken) => {
    const tenantId = newTenant()
    await connect(platform, tenantId, { person: 'guest-91' })
    const rejectedToken = await getToken(tenantId)
    bench.emulator.control.clearRequests()
    const given = await Promise.all(Array.from({ length: 20 }, () => getToken(tenantId, { rejectedToken })))
    expect(new Set(given).size).toBe(1)
    const [another = ''] = given
    expect(another).not.toBe(rejectedToken)
    expect(bench.emulator.control.accepts(platform.provider, another)).toBe(true)
    expect(bench.emulator.control.requests(platform.provider, 'refresh')).toHaveLength(1)
    expect(await codeOf(() => getToken(tenantId, { rejectedToken: another }))).toBe('token_rejected')
    expect(await getToken(tenantId)).toBe(another)
  })

  test('TikTok: nothing renews the token, so it is verified; one that is dead needs a person', async () => {
    const tenantId = newTenant()
    await connect(tiktok, tenantId, { person: 'guest-92' })
    const rejectedToken = await getTikTokAccessToken(tenantId)
    expect(await getTikTokAccessToken(tenantId, { rejectedToken })).toBe(rejectedToken)
    bench.emulator.control.revokeAtPlatform('tiktok', 'guest-92')
    const asked = (): Promise<string> => getTikTokAccessToken(tenantId, { rejectedToken })
    expect(await codeOf(asked)).toBe('reauthorization_required')
    expect(await tiktok.find(tenantId)).toMatchObject({ reauthReason: 'revoked_or_expired' })
  })

  test('Klaviyo: the key is verified, and kept while Klaviyo cannot say', async () => {
    const tenantId = newTenant()
    await connectKlaviyo({ tenantId, privateApiKey: emulatorKlaviyoKeys.full })
    const asked = (): Promise<string> =>
      getKlaviyoApiKey(tenantId, { rejectedToken: emulatorKlaviyoKeys.full })
    expect(await asked()).toBe(emulatorKlaviyoKeys.full)
    bench.emulator.control.fail('klaviyo', 'accounts', { status: 503, body: 'down', times: null })
    expect(await codeOf(asked)).toBe('provider_unavailable')
    expect(await getKlaviyoApiKey(tenantId)).toBe(emulatorKlaviyoKeys.full)
  })

  test('what cannot be a token is refused', async () => {
    const wrong: unknown = { rejectedToken: 5 }
    const asked = (): unknown => Reflect.apply(getMetaAccessToken, undefined, [newTenant(), wrong])
    expect(await refusalOf(asked)).toMatchObject({ code: 'config_invalid', message: saying('rejectedToken') })
  })
})
