import { afterEach, describe, expect, test } from 'vitest'
import { googleAdsClient } from '../../../../src/adapters/providers/google-ads/google-ads-client.ts'
import { createProviderHttp } from '../../../../src/adapters/providers/http/provider-http.ts'
import type { HttpRequest, ProviderHttp } from '../../../../src/adapters/providers/http/provider-http.ts'
import { sharingTime } from '../../../../src/adapters/providers/http/shared-time.ts'
import { klaviyoClient } from '../../../../src/adapters/providers/klaviyo/klaviyo-client.ts'
import { metaClient } from '../../../../src/adapters/providers/meta/meta-client.ts'
import { tiktokClient } from '../../../../src/adapters/providers/tiktok/tiktok-client.ts'
import { Secret } from '../../../../src/domain/model/secret.ts'
import { startScriptedPlatform } from '../../../../src/testing/scripted-platform.ts'

const cleanUps: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

test('requests that share their time have what the ones before have left of it', async () => {
  const platform = await startScriptedPlatform()
  cleanUps.push(platform.close)
  platform.follow(() => ({ drip: '{"a":1}', everyMs: 50 }))
  const http = createProviderHttp({ allowLoopbackHttp: true })
  cleanUps.push(http.close)
  const shared = sharingTime(http, 1_000)
  const request = { method: 'GET', url: platform.url } as const
  const ask = async (): Promise<void> => {
    for (;;) await shared.send(request)
  }
  await expect(ask()).rejects.toMatchObject({ kind: 'transient', providerCode: 'timeout' })
  expect(platform.requests.length).toBeGreaterThan(1)
})

describe('an examination, for which a person waits', () => {
  const redirectUri = 'https://app.example.com/callback'
  const app = { appId: '1', appSecret: 's', redirectUri }
  const scopes = ['https://www.googleapis.com/auth/adwords']
  const google = { clientId: '1', clientSecret: 's', redirectUri, scopes }

  test.each([
    ['meta', (http: ProviderHttp) => metaClient({ ...app, http })],
    ['google_ads', (http: ProviderHttp) => googleAdsClient({ ...google, http })],
    ['tiktok', (http: ProviderHttp) => tiktokClient({ ...app, http })],
    ['klaviyo', (http: ProviderHttp) => klaviyoClient({ http })],
  ])('of %s has two minutes in all, however many pages there are', async (_provider, open) => {
    const requests: HttpRequest[] = []
    const client = open({
      send: async (request) => {
        requests.push(request)
        return { status: 503, text: '', header: () => undefined }
      },
    })
    await expect(client.examine(new Secret('pk_token'))).rejects.toMatchObject({ kind: 'transient' })
    expect(requests.length).toBeGreaterThan(0)
    for (const { hardTimeoutMs = Infinity } of requests) {
      expect(hardTimeoutMs).toBeGreaterThan(0)
      expect(hardTimeoutMs).toBeLessThanOrEqual(120_000)
    }
  })
})
