import { describe, expect, test } from 'vitest'
import { z } from 'zod'

import { IDS } from '../../src/application/container/identifiers.ts'
import { CipherUnavailableError, StoreUnavailableError } from '../../src/domain/errors.ts'
import { RIGHT_KEY } from './scripted-platform.ts'
import { BASE, callbackFor, keyOf, openWeb, ORIGIN, TENANT_A, TENANT_B } from './web-harness.ts'
import type { Browser } from './web-harness.ts'

const errorBody = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

async function codeOf(response: Response): Promise<string> {
  return errorBody.parse(await response.json()).error.code
}

const asJson = { accept: 'application/json' }

describe('where a change may come from', () => {
  test.each<readonly [string, Readonly<Record<string, string>>]>([
    ['another site, as Origin says', { origin: 'https://evil.example' }],
    ['an opaque origin', { origin: 'null' }],
    ['another site, as Sec-Fetch-Site says', { 'sec-fetch-site': 'cross-site' }],
    ['another host of the same site', { 'sec-fetch-site': 'same-site' }],
    ['another scheme', { origin: 'http://app.example.com' }],
    ['another port', { origin: 'https://app.example.com:8443' }],
    ['an origin that begins like ours', { origin: 'https://app.example.com.evil.example' }],
  ])('is not %s', async (_where, headers) => {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    const csrfToken = await browser.token()
    const refused = await browser.post(`${BASE}/meta/start`, { csrfToken }, { ...headers, ...asJson })

    expect(refused.status).toBe(403)
    expect(await codeOf(refused)).toBe('cross_site_refused')
  })

  test('is told by the browser: without either header nothing is changed', async () => {
    const browser = openWeb().browser(TENANT_A)
    const csrfToken = await browser.token()
    const refused = await browser.send(`${BASE}/meta/start`, {
      method: 'POST',
      body: new URLSearchParams({ csrfToken }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })

    expect(refused.status).toBe(403)
  })

  test.each(['', 'made-up', 'another'])('is proved by the token of this session too: %s', async (kind) => {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    await browser.token()
    const another = kind === 'another' ? await web.browser(TENANT_A).token() : kind
    const refused = await browser.post(`${BASE}/meta/start`, { csrfToken: another }, asJson)

    expect(await codeOf(refused)).toBe('cross_site_refused')
  })

  test('is not proved by a token and cookie of somebody else, planted in this browser', async () => {
    const web = openWeb()
    const attacker = web.browser(TENANT_B)
    const csrfToken = await attacker.token()
    const victim = web.browser(TENANT_A)
    for (const [name, value] of attacker.cookies) victim.cookies.set(name, value)

    expect(await codeOf(await victim.post(`${BASE}/meta/start`, { csrfToken }, asJson))).toBe(
      'cross_site_refused',
    )
  })

  test('is not proved by a cookie whose name only looks like ours', async () => {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    const csrfToken = await browser.token()
    const nonce = browser.cookies.get('__Host-cgk_form') ?? ''
    browser.cookies.delete('__Host-cgk_form')
    browser.cookies.set('\u00a0__Host-cgk_form', nonce)
    const planted = await browser.post(`${BASE}/meta/start`, { csrfToken })
    browser.cookies.clear()
    browser.cookies.set('\t __Host-cgk_form', `${nonce}\t`)
    const ours = await browser.post(`${BASE}/meta/start`, { csrfToken })

    expect([planted.status, ours.status]).toEqual([403, 303])
  })

  test('is checked for every change there is', async () => {
    const browser = openWeb().browser(TENANT_A)
    await browser.token()
    const changes = [
      'meta/start',
      'meta/select',
      'meta/disconnect',
      'meta/refresh',
      'meta/accounts',
      'klaviyo/connect',
      'klaviyo/lists',
    ]
    for (const change of changes) {
      expect((await browser.post(`${BASE}/${change}`, {})).status, change).toBe(403)
      expect((await browser.send(`${BASE}/${change}`, { method: 'PUT' })).status, change).toBe(405)
    }
    expect((await browser.get(`${BASE}/meta/start`)).status).toBe(405)
  })

  test('needs somebody to be signed in', async () => {
    const browser = openWeb().browser(null)

    expect((await browser.get(`${BASE}/status`, asJson)).status).toBe(401)
    expect((await browser.get(BASE)).status).toBe(401)
    expect((await browser.post(`${BASE}/meta/start`, {})).status).toBe(401)
  })
})

describe('a body', () => {
  test.each<readonly [number, string, string]>([
    [413, 'application/x-www-form-urlencoded', `a=${'x'.repeat(65_536)}`],
    [415, 'text/plain', 'csrfToken=x'],
    [415, 'multipart/form-data; boundary=x', '--x--'],
    [400, 'application/json', '{'],
    [400, 'application/json', '[]'],
    [400, 'application/json', 'null'],
    [400, 'application/json', '{"csrfToken":{"a":1}}'],
    [400, 'application/x-www-form-urlencoded', 'csrfToken=a&csrfToken=b'],
    [400, 'application/x-www-form-urlencoded', Array.from({ length: 101 }, (_, i) => `f${i}=1`).join('&')],
    [403, 'application/json', '{"__proto__":"x","constructor":"y"}'],
  ])('is answered with %i when it is %s %#', async (status, contentType, body) => {
    const answer = await openWeb()
      .browser(TENANT_A)
      .send(`${BASE}/meta/start`, {
        method: 'POST',
        body,
        headers: { 'content-type': contentType, origin: ORIGIN, ...asJson },
      })

    expect(answer.status).toBe(status)
    expect(({} as Record<string, unknown>)['csrfToken']).toBeUndefined()
  })

  test('is cut off while it arrives, however little it announced', async () => {
    const { handler } = openWeb()
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 16_384
        controller.enqueue(new Uint8Array(16_384).fill(97))
      },
    })
    const request = new Request(`http://host.invalid${BASE}/meta/start`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-test-session': JSON.stringify(TENANT_A) },
      body,
      duplex: 'half',
    })

    expect((await handler(request)).status).toBe(413)
    expect(sent).toBeLessThan(300_000)
  })
})

describe('changes', () => {
  test('choose one of the accounts that the grant reaches, and no other', async () => {
    const browser = openWeb().browser(TENANT_A)
    await browser.connect()
    const unknown = await browser.submit(`${BASE}/meta/select`, { accountId: '999' })
    const known = await browser.submit(`${BASE}/meta/select`, { accountId: '2' })

    expect(unknown.headers.get('location')).toBe(`${BASE}?integration=meta&result=account_unknown`)
    expect(known.headers.get('location')).toBe(`${BASE}?integration=meta&result=account_selected`)
    expect(await (await browser.get(BASE)).text()).toContain('Second')
  })

  test('answer the same for another tenant’s connection as for none', async () => {
    const web = openWeb()
    await web.browser(TENANT_A).connect()
    const stranger = web.browser(TENANT_B)
    const answers = []
    for (const path of ['meta/disconnect', 'google_ads/disconnect']) {
      const answer = await stranger.post(
        `${BASE}/${path}`,
        { csrfToken: await stranger.token(), tenantId: 'tenant-a' },
        { ...asJson, 'x-tenant-id': 'tenant-a' },
      )
      answers.push([answer.status, (await answer.text()).replace('Meta', '').replace('Google', '')])
    }

    expect(answers[0]).toEqual(answers[1])
    expect(answers[0]?.[0]).toBe(404)
    expect(await web.container.get(IDS.Connections).get(keyOf(TENANT_A))).toBeDefined()
  })

  test('connect Klaviyo with a key that is in the body only, and choose its lists', async () => {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    const wrong = await browser.submit(`${BASE}/klaviyo/connect`, { privateApiKey: 'pk_wrong' })
    const inQuery = await browser.submit(`${BASE}/klaviyo/connect?privateApiKey=${RIGHT_KEY}`)
    const right = await browser.submit(`${BASE}/klaviyo/connect`, { privateApiKey: ` ${RIGHT_KEY} ` })
    const lists = await browser.submit(`${BASE}/klaviyo/lists`, { emailListId: 'L1', smsListId: '' })
    const page = await (await browser.get(BASE)).text()

    expect(wrong.headers.get('location')).toBe(`${BASE}?integration=klaviyo&result=api_key_invalid`)
    expect(inQuery.status).toBe(400)
    expect(right.headers.get('location')).toBe(`${BASE}?integration=klaviyo&result=connected`)
    expect(lists.headers.get('location')).toBe(`${BASE}?integration=klaviyo&result=lists_saved`)
    expect(page).toContain('E-mail: Newsletter · SMS: none chosen')
    expect(page + web.logged.join()).not.toContain(RIGHT_KEY)
  })

  test('renew a token on request without showing it', async () => {
    const browser = openWeb().browser(TENANT_A)
    await browser.connect()
    const csrfToken = await browser.token()
    const answer = await browser.post(`${BASE}/meta/refresh`, { csrfToken }, asJson)
    const body = await answer.text()

    expect(answer.status).toBe(200)
    expect(body).toContain('"refreshed":true')
    expect(body).not.toContain('token-renewed')
  })

  test('disconnect, and say what became of it at the platform', async () => {
    const browser = openWeb().browser(TENANT_A)
    await browser.connect()
    const csrfToken = await browser.token()
    const answer = await browser.post(`${BASE}/meta/disconnect`, { csrfToken }, asJson)

    expect(await answer.json()).toEqual({ disconnected: true, revoked: 'at_provider' })
  })

  test('go back to a page of the host when it asks for that', async () => {
    const browser = openWeb().browser(TENANT_A)
    await browser.connect()
    const answer = await browser.submit(`${BASE}/meta/select`, {
      accountId: '1',
      returnUrl: 'https://other.example.com/x',
    })

    expect(answer.headers.get('location')).toBe(
      'https://other.example.com/x?integration=meta&result=account_selected',
    )
  })

  test('are asked of the host’s own permissions', async () => {
    const asked: string[] = []
    const web = openWeb({
      authorize: (_who, provider, action) => {
        asked.push(`${provider} ${action}`)
        return action !== 'disconnect'
      },
    })
    const browser = web.browser(TENANT_A)
    await browser.connect()
    const page = await (await browser.get(BASE)).text()

    expect((await browser.submit(`${BASE}/meta/disconnect`)).status).toBe(403)
    expect(page).not.toContain('/meta/disconnect')
    expect(asked).toContain('meta connect')
  })

  test('tell a user of a platform that is not set up nothing that only the operator should know', async () => {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    const csrfToken = await browser.token()
    const answer = await browser.post(`${BASE}/tiktok/start`, { csrfToken }, asJson)
    const page = await (await browser.get(BASE)).text()

    expect(answer.status).toBe(503)
    expect(await answer.text()).not.toContain('TIKTOK_APP_SECRET')
    expect(page).not.toMatch(/tiktok/i)
  })
})

describe('addresses', () => {
  test.each([
    '/nothing',
    '/meta',
    '/meta/nothing',
    '/unknown/start',
    '/META/start',
    '/meta%2fstart',
    '/meta/start/',
    '/__proto__/start',
  ])('are matched as they are: %s is none', async (path) => {
    expect(
      (
        await openWeb()
          .browser(TENANT_A)
          .get(BASE + path)
      ).status,
    ).toBe(404)
  })

  test('outside the base path are none either', async () => {
    const { handler } = openWeb()

    expect((await handler(new Request('http://host.invalid/api/integrationsx/status'))).status).toBe(404)
  })

  test('answer to HEAD and OPTIONS, and name what they allow', async () => {
    const browser = openWeb().browser(TENANT_A)
    const head = await browser.send(`${BASE}/status`, { method: 'HEAD' })
    const options = await browser.send(`${BASE}/meta/accounts`, { method: 'OPTIONS' })

    expect([head.status, await head.text()]).toEqual([200, ''])
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, POST, OPTIONS'])
    expect(options.headers.get('access-control-allow-origin')).toBeNull()
  })

  test('tell a load balancer whether the database answers', async () => {
    const web = openWeb()
    const health = await web.handler(new Request(`http://host.invalid${BASE}/health`))

    expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }])
  })

  test('of accounts find, page and count them', async () => {
    const web = openWeb()
    web.meta.accounts = Array.from({ length: 3_000 }, (_, index) => ({
      id: String(index),
      name: `Shop ${index}`,
      isUsable: true,
    }))
    const browser = web.browser(TENANT_A)
    await browser.connect()
    const all: unknown = await (await browser.get(`${BASE}/meta/accounts?page=60`, asJson)).json()
    const some: unknown = await (await browser.get(`${BASE}/meta/accounts?q=shop%20299`, asJson)).json()

    expect(all).toMatchObject({ total: 3_000, page: 60, pages: 60 })
    expect(some).toMatchObject({ total: 11, pages: 1 })
  })

  test.each([
    ['a start', async (browser: Browser) => browser.submit(`${BASE}/tiktok/start`)],
    ['a change', async (browser: Browser) => browser.submit(`${BASE}/tiktok/disconnect`)],
    ['a callback', async (browser: Browser) => browser.get(callbackFor('tiktok', 'a-state'))],
    ['a question', async (browser: Browser) => browser.get(`${BASE}/tiktok/accounts`, asJson)],
  ])('tell the operator once what only an operator can mend: %s', async (_what, send) => {
    const web = openWeb()
    const answer = await send(web.browser(TENANT_A))

    expect(web.logged.filter((line) => line.includes('TIKTOK_APP_SECRET: is missing'))).toHaveLength(1)
    expect((await answer.text()) + (answer.headers.get('location') ?? '')).not.toContain('TIKTOK_APP_SECRET')
  })

  test.each([
    new StoreUnavailableError('The database', 'check the credentials in DATABASE_URL'),
    new CipherUnavailableError('KMS refuses this application'),
  ])('keep from users what an outage tells the operator: $code', async (error) => {
    const web = openWeb({
      authenticate: () => {
        throw error
      },
    })
    const answer = await web.browser(TENANT_A).get(`${BASE}/status`, asJson)

    expect(answer.status).toBe(503)
    expect(errorBody.parse(await answer.json()).error).toEqual({
      code: error.code,
      message: 'This installation cannot reach something it needs; call again later',
    })
    expect(web.logged.join()).toContain(error.message)
  })

  test('that fail in a way nobody foresaw say so without quoting it', async () => {
    const web = openWeb({
      authenticate: () => {
        throw new TypeError('secret-in-a-message')
      },
    })
    const answer = await web.browser(TENANT_A).get(BASE)

    expect(answer.status).toBe(500)
    expect((await answer.text()) + web.logged.join()).not.toContain('secret-in-a-message')
    expect(web.logged.join()).toContain('TypeError')
  })
})
