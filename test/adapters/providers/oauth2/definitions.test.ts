import { expect, test } from 'vitest'
import { parseDefinition } from '../../../../src/adapters/providers/oauth2/definition.ts'
import { amazonAds } from '../../../../src/adapters/providers/oauth2/definitions/amazon-ads.ts'
import { hubspot } from '../../../../src/adapters/providers/oauth2/definitions/hubspot.ts'
import { klaviyoOAuth } from '../../../../src/adapters/providers/oauth2/definitions/klaviyo-oauth.ts'
import { linkedinAds } from '../../../../src/adapters/providers/oauth2/definitions/linkedin-ads.ts'
import { mailchimp } from '../../../../src/adapters/providers/oauth2/definitions/mailchimp.ts'
import { microsoftAdvertising } from '../../../../src/adapters/providers/oauth2/definitions/microsoft-advertising.ts'
import { pinterestAds } from '../../../../src/adapters/providers/oauth2/definitions/pinterest-ads.ts'
import { redditAds } from '../../../../src/adapters/providers/oauth2/definitions/reddit-ads.ts'
import { snapchatAds } from '../../../../src/adapters/providers/oauth2/definitions/snapchat-ads.ts'
import { oauth2Client } from '../../../../src/adapters/providers/oauth2/oauth2-client.ts'
import { Secret } from '../../../../src/domain/model/secret.ts'
import { INTEGRATION_PROVIDERS } from '../../../../src/domain/model/identifiers.ts'
import { loopbackHttp, scriptedServer } from './scripted-server.ts'

const definitions = [
  amazonAds,
  hubspot,
  klaviyoOAuth,
  linkedinAds,
  mailchimp,
  microsoftAdvertising,
  pinterestAds,
  redditAds,
  snapchatAds,
]

test.each(definitions)('the definition of $displayName is usable as it is, over TLS alone', (definition) => {
  expect(parseDefinition(definition).provider).toBe(definition.provider)
})

test('the ready-made definitions have names of their own', () => {
  const names = [...INTEGRATION_PROVIDERS, ...definitions.map(({ provider }) => provider)]
  expect(new Set(names).size).toBe(names.length)
})

test.each([
  [hubspot, { portalId: 123_456, accountType: 'STANDARD' }, { id: '123456' }],
  [
    mailchimp,
    { dc: 'us6', accountname: 'Fjord Candles', user_id: 15_077, login: { login_id: 9 } },
    { id: '15077', name: 'Fjord Candles' },
  ],
  [
    pinterestAds,
    { id: '2783136121146311751', username: 'fjord' },
    { id: '2783136121146311751', name: 'fjord' },
  ],
  [
    snapchatAds,
    { request_status: 'success', me: { id: 'a22b5575-9052', display_name: 'Honey Badger' } },
    { id: 'a22b5575-9052', name: 'Honey Badger' },
  ],
  [klaviyoOAuth, { data: [{ id: 'FJORD1' }] }, { id: 'FJORD1' }],
] as const)('the definition of $displayName tells whose grant it is', async (definition, body, subject) => {
  const server = await scriptedServer(() => ({ body }))
  const client = oauth2Client({
    definition: { ...definition, identity: { ...definition.identity, url: `${server.url}/me` } },
    clientId: 'app',
    clientSecret: 'secret',
    redirectUri: 'https://app.example.com/callback',
    http: loopbackHttp(),
    allowLoopbackHttp: true,
  })

  expect((await client.examine(new Secret('access'))).subject).toEqual({
    issuer: definition.issuer,
    ...subject,
  })
})

test('the platforms that tell nobody whose grant it is are these', () => {
  const without = definitions
    .map((definition) => parseDefinition(definition))
    .filter(({ identity }) => identity?.subject === undefined)
  expect(without.map(({ displayName }) => displayName)).toEqual([
    'Amazon Ads',
    'LinkedIn Ads',
    'Microsoft Advertising',
    'Reddit Ads',
  ])
})

test('the platforms without PKCE are these, and each says why', () => {
  const without = definitions
    .map((definition) => parseDefinition(definition))
    .filter(({ authorization }) => authorization.pkce.method === 'none')
  expect(without.map(({ provider }) => provider)).toEqual([
    'linkedin_ads',
    'mailchimp',
    'pinterest_ads',
    'reddit_ads',
    'snapchat_ads',
  ])
})

test('the platforms whose request to wait is for one account alone are these', () => {
  const perAccount = definitions.filter(
    (definition) => parseDefinition(definition).throttles === 'connection',
  )
  expect(perAccount.map(({ provider }) => provider)).toEqual(['klaviyo_oauth'])
})
