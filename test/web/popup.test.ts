import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { MINUTE_MS } from '../../src/domain/model/time.ts'
import { BASE, openWeb, ORIGIN, stateOf, TENANT_A, TENANT_B } from './web-harness.ts'
import type { Browser } from './web-harness.ts'

interface Told {
  readonly origin: string | undefined
  readonly provider: string | undefined
  readonly status: string | undefined
  readonly link: string | undefined
}

/** What the page's script would tell, to whom, and where its link leads. */
async function toldBy(response: Response): Promise<Told> {
  const page = await response.text()
  const find = (pattern: RegExp): string | undefined => pattern.exec(page)?.[1]
  return {
    origin: find(/data-origin="([^"]*)"/),
    provider: find(/data-provider="([^"]*)"/),
    status: find(/data-status="([^"]*)"/),
    link: find(/<a class="cgk-button" href="([^"]*)"/)?.replaceAll('&amp;', '&'),
  }
}

/** The page that a flow in a window of its own ends on. */
async function lastPage(browser: Browser, ended: Response): Promise<Response> {
  const location = ended.headers.get('location') ?? ''
  if (!location.startsWith(`${BASE}/meta/done?`)) throw new Error(`no last page: ${ended.status} ${location}`)
  return browser.get(location)
}

function isAtPlatform(started: Response): boolean {
  return started.headers.get('location')?.startsWith('https:') === true
}

const POPUP = { display: 'popup', returnUrl: '/settings' }

describe('a flow in a window of its own', () => {
  test('ends with a page that tells the opener, at the exact origin, and links to where it would have gone', async () => {
    const browser = openWeb().browser(TENANT_A)
    const ended = await lastPage(browser, await browser.connect('meta', POPUP))

    expect(ended.status).toBe(200)
    expect(await toldBy(ended)).toEqual({
      ...{ origin: ORIGIN, provider: 'meta', status: 'connected' },
      link: '/settings?integration=meta&result=connected',
    })
    expect([...browser.cookies.keys()].filter((name) => name.includes('flow'))).toEqual([])
  })

  test('leaves the address with the code and the state by a 303 to one that has neither', async () => {
    const browser = openWeb().browser(TENANT_A)
    const callback = await browser.startAndConsent('meta', POPUP)
    const query = new URL(callback, ORIGIN).searchParams
    const ended = await browser.get(callback)
    const done = new URL(ended.headers.get('location') ?? '', ORIGIN)

    expect(ended.status).toBe(303)
    expect(ended.headers.get('cache-control')).toBe('no-store')
    expect(ended.headers.get('referrer-policy')).toBe('no-referrer')
    expect(done.pathname).toBe(`${BASE}/meta/done`)
    expect([...done.searchParams.keys()]).toEqual(['result', 'returnUrl', 'opener', 'at', 'mac'])
    expect(done.href).not.toContain(query.get('state'))
    expect(done.href).not.toContain(query.get('code'))
  })

  test('ends at an address that shows the same again for ten minutes, in its own words only', async () => {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    const done = (await browser.connect('meta', POPUP)).headers.get('location') ?? ''
    const altered = [
      done.replace('result=connected', 'result=authorization_denied'),
      done.replace('returnUrl=%2Fsettings', 'returnUrl=https%3A%2F%2Fevil.example'),
      done.replace(/opener=[^&]+/, 'opener=https%3A%2F%2Fevil.example'),
      done.replace(/at=\d+/, (at) => `${at}0`),
      done.replace(/mac=.+/, ''),
      `${done}&result=disconnected`,
      done.replace('/meta/', '/google_ads/'),
    ]

    for (const address of altered)
      expect([address, (await browser.get(address)).status]).toEqual([address, 404])
    await web.clock.advance(10 * MINUTE_MS)
    expect(await toldBy(await browser.get(done))).toMatchObject({ origin: ORIGIN, status: 'connected' })
    await web.clock.advance(1)
    expect((await browser.get(done)).status).toBe(404)
  })

  test('lets no script run but its own, whose hash its policy names, and loads nothing from elsewhere', async () => {
    const browser = openWeb().browser(TENANT_A)
    const ended = await lastPage(browser, await browser.connect('meta', POPUP))
    const policy = ended.headers.get('content-security-policy') ?? ''
    const page = await ended.text()
    const scripts = [...page.matchAll(/<script[^>]*>([^]*?)<\/script>/g)].map(([, text = '']) => text)
    const [script = ''] = scripts

    expect(scripts).toHaveLength(1)
    const hash = createHash('sha256').update(script).digest('base64')
    expect(policy).toBe(
      `default-src 'none'; script-src 'sha256-${hash}'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'`,
    )
    expect(page).not.toMatch(/(src|href|action)="(https?:)?\/\//)
    expect(script).not.toContain("'*'")
    expect(ended.headers.get('cache-control')).toBe('no-store')
    expect(ended.headers.get('referrer-policy')).toBe('no-referrer')
  })

  test('tells the origin of a returnUrl elsewhere, as it was decided at the start', async () => {
    const returnUrl = 'https://other.example.com/done#part'
    const browser = openWeb().browser(TENANT_A)
    const callback = await browser.startAndConsent('meta', { display: 'popup', returnUrl })
    const forged = '&returnUrl=https://evil.example&origin=https://evil.example&display=page'
    const ended = await browser.get(callback + forged, {
      origin: 'https://evil.example',
      referer: 'https://evil.example/',
      'x-forwarded-host': 'evil.example',
    })

    expect(await toldBy(await lastPage(browser, ended))).toMatchObject({
      origin: 'https://other.example.com',
      link: 'https://other.example.com/done?integration=meta&result=connected#part',
    })
  })

  test('tells of a refusal the same way, in a code of ours', async () => {
    const browser = openWeb().browser(TENANT_A)
    const state = stateOf(await browser.submit(`${BASE}/meta/start`, POPUP))
    const denied = new URLSearchParams({ state, error: 'access_denied', error_description: '<b>no</b>' })
    const ended = await browser.get(`${BASE}/meta/callback?${denied.toString()}`)

    const told = await toldBy(await lastPage(browser, ended))
    expect(told).toMatchObject({ origin: ORIGIN, status: 'authorization_denied' })
  })

  test('tells that somebody else has signed in meanwhile, and leads nowhere of the first', async () => {
    const browser = openWeb().browser(TENANT_A)
    const callback = await browser.startAndConsent('meta', { ...POPUP, returnUrl: '/settings/of-tenant-a' })
    browser.principal = TENANT_B
    const ended = await lastPage(browser, await browser.get(callback))

    expect(await toldBy(ended)).toEqual({
      ...{ origin: ORIGIN, provider: 'meta', status: 'initiator_mismatch' },
      link: BASE,
    })
  })

  test('tells nothing in a browser that did not start it', async () => {
    const web = openWeb()
    const callback = await web.browser(TENANT_A).startAndConsent('meta', POPUP)
    const ended = await web.browser(TENANT_A).get(callback)

    expect(ended.status).toBe(403)
    expect(await ended.text()).not.toContain('<script')
  })

  test('tells of a failure though its returnUrl is too long for a cookie', async () => {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    const returnUrl = `https://other.example.com/${'x'.repeat(600)}`
    const state = stateOf(await browser.submit(`${BASE}/meta/start`, { ...POPUP, returnUrl }))
    const denied = new URLSearchParams({ state, error: 'access_denied' })
    const ended = await lastPage(browser, await browser.get(`${BASE}/meta/callback?${denied.toString()}`))

    expect(await toldBy(ended)).toEqual({
      ...{ origin: 'https://other.example.com', provider: 'meta', status: 'authorization_denied' },
      link: BASE,
    })
  })

  test('cannot be asked for by the callback of a flow that was started in its page', async () => {
    const browser = openWeb().browser(TENANT_A)
    const ended = await browser.get(`${await browser.startAndConsent()}&display=popup`)

    expect(ended.headers.get('location')).toBe(`${BASE}?integration=meta&result=connected`)
  })

  test('is told of a start that is refused, too', async () => {
    const browser = openWeb().browser(TENANT_A)
    let ended = await browser.submit(`${BASE}/meta/start`, POPUP)
    for (let turn = 0; turn < 200 && isAtPlatform(ended); turn += 1)
      ended = await browser.submit(`${BASE}/meta/start`, POPUP)

    const told = await toldBy(await lastPage(browser, ended))
    expect(told).toMatchObject({ origin: ORIGIN, status: 'limit_exceeded' })
  })

  test('has no other display than page and popup', async () => {
    const started = await openWeb().browser(TENANT_A).submit(`${BASE}/meta/start`, { display: 'touch' })

    expect(started.status).toBe(400)
  })
})
