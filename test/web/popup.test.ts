import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { BASE, openWeb, ORIGIN, stateOf, TENANT_A, TENANT_B } from './web-harness.ts'

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

const POPUP = { display: 'popup', returnUrl: '/settings' }

describe('a flow in a window of its own', () => {
  test('ends with a page that tells the opener, at the exact origin, and links to where it would have gone', async () => {
    const browser = openWeb().browser(TENANT_A)
    const ended = await browser.connect('meta', POPUP)

    expect(ended.status).toBe(200)
    expect(await toldBy(ended)).toEqual({
      ...{ origin: ORIGIN, provider: 'meta', status: 'connected' },
      link: '/settings?integration=meta&result=connected',
    })
    expect([...browser.cookies.keys()].filter((name) => name.includes('flow'))).toEqual([])
  })

  test('lets no script run but its own, whose hash its policy names, and loads nothing from elsewhere', async () => {
    const ended = await openWeb().browser(TENANT_A).connect('meta', POPUP)
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

    expect(await toldBy(ended)).toMatchObject({
      origin: 'https://other.example.com',
      link: 'https://other.example.com/done?integration=meta&result=connected#part',
    })
  })

  test('tells of a refusal the same way, in a code of ours', async () => {
    const browser = openWeb().browser(TENANT_A)
    const state = stateOf(await browser.submit(`${BASE}/meta/start`, POPUP))
    const denied = new URLSearchParams({ state, error: 'access_denied', error_description: '<b>no</b>' })
    const ended = await browser.get(`${BASE}/meta/callback?${denied.toString()}`)

    expect(await toldBy(ended)).toMatchObject({ origin: ORIGIN, status: 'authorization_denied' })
  })

  test('tells nothing of it to another user of the same browser', async () => {
    const browser = openWeb().browser(TENANT_A)
    const callback = await browser.startAndConsent('meta', POPUP)
    browser.principal = TENANT_B
    const ended = await browser.get(callback)

    expect(ended.status).toBe(403)
    expect(await ended.text()).not.toContain('<script')
  })

  test('cannot be asked for by the callback of a flow that was started in its page', async () => {
    const browser = openWeb().browser(TENANT_A)
    const ended = await browser.get(`${await browser.startAndConsent()}&display=popup`)

    expect(ended.status).toBe(303)
  })

  test('is told of a start that is refused, too', async () => {
    const browser = openWeb().browser(TENANT_A)
    let ended = await browser.submit(`${BASE}/meta/start`, POPUP)
    for (let turn = 0; turn < 200 && ended.status === 303; turn += 1)
      ended = await browser.submit(`${BASE}/meta/start`, POPUP)

    expect(await toldBy(ended)).toMatchObject({ origin: ORIGIN, status: 'limit_exceeded' })
  })

  test('has no other display than page and popup', async () => {
    const started = await openWeb().browser(TENANT_A).submit(`${BASE}/meta/start`, { display: 'touch' })

    expect(started.status).toBe(400)
  })
})
