import { describe, expect, test, vi } from 'vitest'

import { IDS } from '../../src/application/container/identifiers.ts'
import { parseTenantId } from '../../src/domain/model/identifiers.ts'
import { DAY_MS, HOUR_MS } from '../../src/domain/model/time.ts'
import { newGrant } from '../../src/testing/contracts/connection-fixtures.ts'
import { RIGHT_KEY } from './scripted-platform.ts'
import { BASE, callbackFor, keyOf, openWeb, stateOf, TENANT_A } from './web-harness.ts'
import type { Browser } from './web-harness.ts'

async function pageOf(browser: Browser, path = ''): Promise<string> {
  const html = await (await browser.get(BASE + path)).text()
  // How the templates are laid out is nobody's business.
  return html.replaceAll(/\s+/g, ' ').replaceAll(/ ?([<>]) ?/g, '$1')
}

/** The form with this button, as a browser would send it with every box ticked. */
function formIn(page: string, button: string): { action: string; fields: Readonly<Record<string, string>> } {
  const form = page.match(/<form.+?<\/form>/g)?.find((one) => one.includes(`>${button}</button>`)) ?? ''
  const fields: Record<string, string> = {}
  for (const [, name = '', value = ''] of form.matchAll(/name="([^"]+)" value="([^"]*)"/g))
    fields[name] = value
  return { action: /action="([^"]+)"/.exec(form)?.[1] ?? '', fields }
}

describe('the settings page', () => {
  test('shows the platforms that are set up, and says of each that it is not connected', async () => {
    const page = await pageOf(openWeb().browser(TENANT_A))

    for (const name of ['Meta Ads', 'Google Ads', 'Klaviyo']) expect(page).toContain(`>${name}</h2>`)
    expect(page.match(/>Not connected</g)).toHaveLength(3)
    expect(page).not.toContain('TikTok Ads')
  })

  test('says so when no platform is set up', async () => {
    const web = openWeb()
    vi.spyOn(web.container.get(IDS.ProviderRegistry), 'names').mockReturnValue([])
    expect(await pageOf(web.browser(TENANT_A))).toContain('No platform is set up on this site yet')
  })

  test('shows what is connected at a platform that is no longer set up', async () => {
    const web = openWeb()
    const grant = newGrant({ tenantId: parseTenantId(TENANT_A.tenantId), provider: 'tiktok' })
    await web.container.get(IDS.TokenStore).save(grant)
    const page = await pageOf(web.browser(TENANT_A))
    expect(page).toContain('>TikTok Ads</h2>')
    expect(page.match(/>Not available</g)).toHaveLength(1)
    expect(page).toContain('Not set up on this site now')
  })

  test('says two weeks before a grant ends that it does, and offers to sign in again', async () => {
    const web = openWeb()
    const [tenantId, days] = [parseTenantId(TENANT_A.tenantId), 90 * DAY_MS]
    const ends = { expiresInMs: null, refreshExpiresInMs: null, dataAccessExpiresInMs: days }
    const grant = newGrant({ tenantId, provider: 'meta', ...ends })
    await web.container.get(IDS.TokenStore).save(grant)
    expect(await pageOf(web.browser(TENANT_A))).not.toContain('Reconnect soon')

    await web.clock.advance(80 * DAY_MS)
    const soon = await pageOf(web.browser(TENANT_A))
    expect(soon).toContain('>Reconnect soon<')
    expect(soon).toContain('(in 10 days)')
    await web.clock.advance(20 * DAY_MS)
    expect(await pageOf(web.browser(TENANT_A))).toContain('Sign in again to restore it')
  })

  test('needs no script and lets none run, nor anything from elsewhere', async () => {
    const response = await openWeb().browser(TENANT_A).get(BASE)
    const policy = response.headers.get('content-security-policy') ?? ''
    const page = await response.text()

    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("style-src 'self'")
    expect(policy).toContain(
      "form-action 'self' https://www.meta.example https://*.facebook.com https://www.google-ads.example",
    )
    expect(page).not.toMatch(/<script|<style|style=|\son[a-z]+=/)
    expect(response.headers.get('referrer-policy')).toBe('same-origin')
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  test('links a stylesheet that browsers may keep for good', async () => {
    const browser = openWeb().browser(TENANT_A)
    const href = /<link rel="stylesheet" href="([^"]+)"/.exec(await pageOf(browser))?.[1] ?? ''
    const sheet = await browser.get(href)

    expect(sheet.headers.get('content-type')).toContain('text/css')
    expect(sheet.headers.get('cache-control')).toContain('immutable')
  })

  test('escapes what a platform says of itself and its accounts', async () => {
    const web = openWeb()
    web.meta.accounts = [{ id: '1"><script>', name: '<img src=x onerror=alert(1)>', isUsable: true }]
    web.meta.subject = { issuer: 'https://platform.example', id: '1', name: '"><b>Ada</b>' }
    const browser = web.browser(TENANT_A)
    await browser.connect()
    const page = await pageOf(browser)

    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;')
    expect(page).not.toMatch(/<img|<b>|<script/)
  })

  test('tells of an outcome in words of its own, and passes over anything else in its query', async () => {
    const browser = openWeb().browser(TENANT_A)
    const good = await pageOf(browser, '?integration=meta&result=connected')
    const bad = await pageOf(browser, '?integration=meta&result=authorization_denied')
    const made = await pageOf(browser, '?integration=meta&result=%3Cb%3Ehello')

    expect(good).toContain('role="status">Meta Ads is connected.</p>')
    expect(bad).toMatch(/role="alert">\s*<p><strong>The connection was declined at Meta Ads\.<\/strong>/)
    expect(made).not.toContain('hello')
    expect(made).not.toContain('role="alert"')
  })

  test('does not take a prototype’s member for the name of a platform', async () => {
    const page = await pageOf(openWeb().browser(TENANT_A), '?integration=constructor&result=connected')

    expect(page).toContain('role="status">The platform is connected.</p>')
  })

  test('says until when a token lasts, for people and for machines', async () => {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    await browser.connect()
    await browser.submit(`${BASE}/meta/select`, { accountId: '1' })
    const end = new Date(web.clock.now() + HOUR_MS).toISOString()

    expect(await pageOf(browser)).toContain(`<time datetime="${end}"`)
    expect(await pageOf(browser)).toContain('>in 1 hour</time>')
    await web.clock.advance(3 * DAY_MS)
    expect(await pageOf(browser)).toMatch(
      /Expired<time[^>]*>[^<]+ \(2 days ago\)<\/time>; renewed at the next use/,
    )
  })

  test('asks to reconnect what the platform has ended, and says why', async () => {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    await browser.connect()
    web.meta.refusesCredentials = true
    const refreshed = await browser.submit(`${BASE}/meta/refresh`)
    const page = await pageOf(browser)

    expect(refreshed.headers.get('location')).toContain('result=reauthorization_required')
    expect(page).toContain('>Reconnect needed<')
    expect(page).toContain('Reconnect Meta Ads')
  })

  test('asks again before it disconnects, and only then does', async () => {
    const browser = openWeb().browser(TENANT_A)
    await browser.connect()
    const question = await pageOf(browser, '/meta/disconnect')

    expect(question).toContain('<h1>Disconnect Meta Ads?</h1>')
    expect(question).toContain(`<form method="post" action="${BASE}/meta/disconnect"`)
    expect(await pageOf(browser)).toContain('>Choose an account<')
  })

  test('lets one of 3,000 accounts be found and chosen', async () => {
    const web = openWeb()
    web.meta.accounts = Array.from({ length: 3_000 }, (_, index) => ({
      id: `${index}`,
      name: `Shop ${index}`,
      isUsable: true,
    }))
    const browser = web.browser(TENANT_A)
    await browser.connect()
    const first = await pageOf(browser, '/meta/choose')
    const found = await pageOf(browser, '/meta/choose?q=Shop+2999')
    const beyond = await pageOf(browser, '/meta/choose?page=99999')

    expect(first).toContain('1 to 50 of 3,000 accounts.')
    expect(first.match(/type="radio"/g)).toHaveLength(50)
    expect(found).toContain('1 account matching “Shop 2999”.')
    expect(beyond).toContain('2,951 to 3,000 of 3,000')
  })

  test('offers Klaviyo’s lists once the key is accepted', async () => {
    const browser = openWeb().browser(TENANT_A)
    await browser.submit(`${BASE}/klaviyo/connect`, { privateApiKey: RIGHT_KEY })
    const page = await pageOf(browser, '/klaviyo/lists')

    expect(page).toContain('<option value="L1">Newsletter (double opt in)</option>')
    expect(page).toContain('SMS &lt;club&gt;')
    expect(page).not.toContain('Segment')
  })

  test('tells connections with labels apart and acts on the one that is meant', async () => {
    const browser = openWeb().browser(TENANT_A)
    await browser.connect('meta', { label: 'Europe' })
    const page = await pageOf(browser)

    expect(page).toContain('>Meta Ads: Europe</h2>')
    expect(page).toContain(`${BASE}/meta/choose?label=Europe`)
  })

  test('can switch on purpose to another person or account', async () => {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    await browser.connect()
    web.meta.subject = { issuer: 'https://platform.example', id: '4712', name: 'Max Teller' }
    web.meta.accounts = [{ id: '77', name: 'Elsewhere', isUsable: true }]
    const refused = await browser.connect()
    const page = await (await browser.get(refused.headers.get('location') ?? '')).text()
    const switched = await browser.connect('meta', { allowAccountChange: 'true' })

    expect(refused.headers.get('location')).toContain('result=account_changed')
    expect(page).toContain('name="allowAccountChange" value="true"')
    expect(switched.headers.get('location')).toContain('result=connected')
  })

  test('switches the connection that was to be renewed, and no other of that platform', async () => {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    await browser.connect()
    await browser.connect('meta', { label: 'Europe' })
    web.meta.subject = { issuer: 'https://platform.example', id: '4712', name: 'Max Teller' }
    const refused = await browser.connect('meta', {
      label: 'Europe',
      returnUrl: `${BASE}?label=mine&integration=google_ads`,
    })
    const { action, fields } = formIn(
      await pageOf(browser, (refused.headers.get('location') ?? '').slice(BASE.length)),
      'Switch to another person or account',
    )
    const started = await browser.post(action, fields)
    const callback = callbackFor('meta', stateOf(started))
    const switched = await browser.get(callback)
    const subjectOf = async (label: string): Promise<string | undefined> =>
      (await web.container.get(IDS.Connections).get(keyOf(TENANT_A, 'meta', label)))?.subject?.id

    expect(switched.headers.get('location')).toBe(`${BASE}?integration=meta&label=Europe&result=connected`)
    expect([await subjectOf('default'), await subjectOf('Europe')]).toEqual(['4711', '4712'])
  })

  test.each([
    '?integration=meta&label=%00&result=account_changed',
    '?integration=klaviyo&result=account_changed',
  ])('offers no switch that would lead nowhere: %s', async (query) => {
    const page = await pageOf(openWeb().browser(TENANT_A), query)

    expect(page).toContain('switch on purpose')
    expect(page).not.toContain('name="allowAccountChange"')
  })

  test('takes a key of another account only with the box ticked that it shows for that', async () => {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    await browser.submit(`${BASE}/klaviyo/connect`, { privateApiKey: RIGHT_KEY })
    web.klaviyo.refusesCredentials = true
    await browser.submit(`${BASE}/klaviyo/refresh`)
    web.klaviyo.refusesCredentials = false
    web.klaviyo.accountId = 'OTHER1'
    const { action, fields } = formIn(await pageOf(browser), 'Reconnect Klaviyo')
    const { allowAccountChange, ...unticked } = fields
    const refused = await browser.post(action, { ...unticked, privateApiKey: RIGHT_KEY })
    const switched = await browser.post(action, { ...fields, privateApiKey: RIGHT_KEY })

    expect(allowAccountChange).toBe('true')
    expect(refused.headers.get('location')).toContain('result=account_changed')
    expect(switched.headers.get('location')).toContain('result=connected')
  })

  test('is not there when the host has its own', async () => {
    expect((await openWeb({ page: false }).browser(TENANT_A).get(BASE)).status).toBe(404)
  })

  test('may live at an address of the host’s choosing, under its header', async () => {
    const web = openWeb({
      page: { path: '/settings/ads', header: ({ tenantId }) => `<nav>${tenantId}</nav>` },
    })
    const page = await (await web.browser(TENANT_A).get('/settings/ads')).text()

    expect(page).toContain('<nav>tenant-a</nav>')
    expect(page).toContain(`action="${BASE}/meta/start"`)
  })
})
