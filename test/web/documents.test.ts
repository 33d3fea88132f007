import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { RIGHT_KEY } from './scripted-platform.ts'
import { BASE, openWeb, TENANT_A } from './web-harness.ts'
import type { Browser } from './web-harness.ts'

const APP_SECRET = 'app-secret-of-the-tests'

interface Visit {
  readonly browser: Browser
  readonly now: number
}

/** Every page of the handler, by how a browser gets there. */
const pages: Readonly<Record<string, (visit: Visit) => Promise<Response>>> = {
  overview: ({ browser }) => browser.get(BASE),
  choose: ({ browser }) => browser.get(`${BASE}/meta/choose`),
  lists: ({ browser }) => browser.get(`${BASE}/klaviyo/lists`),
  disconnect: ({ browser }) => browser.get(`${BASE}/meta/disconnect`),
  failure: ({ browser }) => browser.get(`${BASE}/meta/callback?code=x&state=y`),
  done: async ({ browser }) => {
    const ended = await browser.connect('google_ads', { display: 'popup', returnUrl: '/settings' })
    return browser.get(ended.headers.get('location') ?? '')
  },
  'deletion status': async ({ browser, now }) => {
    const payload = Buffer.from(
      JSON.stringify({ user_id: '4711', algorithm: 'HMAC-SHA256', issued_at: now / 1_000 }),
    ).toString('base64url')
    const signature = createHmac('sha256', APP_SECRET).update(payload).digest('base64url')
    const answer = await browser.post(`${BASE}/meta/data-deletion`, {
      signed_request: `${signature}.${payload}`,
    })
    const { pathname, search } = new URL(z.object({ url: z.string() }).parse(await answer.json()).url)
    return browser.get(pathname + search)
  },
}

test.each(Object.keys(pages))('the %s page allows the stylesheet that it links', async (name) => {
  const { browser: open, clock } = openWeb({
    metaCallbacks: { appId: 'meta-client', appSecrets: [APP_SECRET] },
  })
  const browser = open(TENANT_A)
  await browser.connect()
  await browser.submit(`${BASE}/klaviyo/connect`, { privateApiKey: RIGHT_KEY })
  const response = await pages[name]?.({ browser, now: clock.now() })
  const policy = (response?.headers.get('content-security-policy') ?? '').split('; ')

  expect(await response?.text()).toContain(`<link rel="stylesheet" href="${BASE}/style-`)
  expect(policy).toContain("style-src 'self'")
  for (const closed of ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"])
    expect(policy).toContain(closed)
})
