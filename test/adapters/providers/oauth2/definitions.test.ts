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
import { INTEGRATION_PROVIDERS } from '../../../../src/domain/model/identifiers.ts'

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
