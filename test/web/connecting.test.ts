import { describe, expect, test } from 'vitest'

import { IDS } from '../../src/application/container/identifiers.ts'
import { HOUR_MS, MINUTE_MS } from '../../src/domain/model/time.ts'
import { BASE, callbackFor, keyOf, openWeb, ORIGIN, stateOf, TENANT_A, TENANT_B } from './web-harness.ts'

describe('starting', () => {
  test('sends the browser to the platform and gives it one flow cookie of the strictest kind', async () => {
    const browser = openWeb().browser(TENANT_A)
    const started = await browser.submit(`${BASE}/meta/start`)
    const cookies = started.headers.getSetCookie().filter((one) => one.startsWith('__Host-cgk_flow_'))

    expect(started.status).toBe(303)
    expect(started.headers.get('location')).toMatch(/^https:\/\/www\.meta\.example\/authorize\?state=/)
    expect(cookies).toHaveLength(1)
    expect(cookies[0]).toMatch(
      /^__Host-cgk_flow_[\w-]{16}=[\w.-]+; Path=\/; Max-Age=600; Secure; HttpOnly; SameSite=Lax$/,
    )
    expect(cookies[0]?.length).toBeLessThan(4096)
    expect(cookies[0]).not.toContain(stateOf(started))
  })

  test('answers a program with the address to go to', async () => {
    const browser = openWeb().browser(TENANT_A)
    const { csrfToken } = await json(await browser.get(`${BASE}/status`, { accept: 'application/json' }))
    const started = await browser.send(`${BASE}/meta/start`, {
      method: 'POST',
      body: JSON.stringify({ returnUrl: '/settings', label: 'eu' }),
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        origin: ORIGIN,
        'x-csrf-token': String(csrfToken),
      },
    })

    expect(started.status).toBe(200)
    expect((await json(started))['authUrl']).toMatch(/^https:\/\/www\.meta\.example\/authorize/)
  })

  test('keeps five flow cookies of thirty abandoned starts, and the last five flows still complete', async () => {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    const callbacks: string[] = []
    for (let turn = 0; turn < 30; turn += 1) {
      if (turn % 5 === 0) await web.clock.advance(MINUTE_MS)
      callbacks.push(await browser.startAndConsent('meta', { label: `l${turn}` }))
      await web.clock.advance(1_000)
    }

    expect([...browser.cookies.keys()].filter((name) => name.includes('flow'))).toHaveLength(5)
    for (const callback of callbacks.slice(-5)) {
      expect((await browser.get(callback)).headers.get('location')).toMatch(/result=connected$/)
    }
    expect((await browser.get(callbacks[0] ?? '')).status).toBe(403)
  })

  test.each(['//evil.example', 'https://evil.example/', '/\\evil', 'javascript:alert(1)'])(
    'refuses to return to %s',
    async (returnUrl) => {
      const started = await openWeb().browser(TENANT_A).submit(`${BASE}/meta/start`, { returnUrl })

      expect(started.status).toBe(400)
      expect(started.headers.get('location')).toBeNull()
    },
  )

  test('asks the host whether this principal may connect', async () => {
    const web = openWeb({ authorize: (_principal, provider) => provider !== 'meta' })
    const browser = web.browser(TENANT_A)

    expect((await browser.submit(`${BASE}/meta/start`)).status).toBe(403)
    expect((await browser.submit(`${BASE}/google_ads/start`)).status).toBe(303)
  })

  test('says in the return URL when too many were started', async () => {
    const browser = openWeb().browser(TENANT_A)
    let location = ''
    for (let turn = 0; turn < 200 && !location.includes('limit_exceeded'); turn += 1) {
      location = (await browser.submit(`${BASE}/meta/start`)).headers.get('location') ?? ''
    }

    expect(location).toBe(`${BASE}?integration=meta&result=limit_exceeded`)
  })
})

describe('completing', () => {
  test('stores the connection and sends the browser back without a code, a state or a token in its address', async () => {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    const callback = await browser.startAndConsent('meta', { returnUrl: '/settings?tab=ads#meta' })
    const completed = await browser.get(callback)

    expect(completed.status).toBe(303)
    expect(completed.headers.get('location')).toBe('/settings?tab=ads&integration=meta&result=connected#meta')
    expect(completed.headers.get('cache-control')).toBe('no-store')
    expect(completed.headers.get('referrer-policy')).toBe('no-referrer')
    expect(completed.headers.getSetCookie().join()).toMatch(
      /^__Host-cgk_flow_[\w-]{16}=; Path=\/; Max-Age=0;/,
    )
    expect(await web.container.get(IDS.Connections).get(keyOf(TENANT_A))).toMatchObject({
      status: 'pending_account_selection',
    })
  })

  test('leaves the address with the state when it fails and its returnUrl is too long for a cookie, too', async () => {
    const browser = openWeb().browser(TENANT_A)
    const started = await browser.submit(`${BASE}/meta/start`, { returnUrl: `/${'x'.repeat(600)}` })
    const denied = new URLSearchParams({ state: stateOf(started), error: 'access_denied' })
    const refused = await browser.get(`${BASE}/meta/callback?${denied.toString()}`)
    const location = refused.headers.get('location') ?? ''
    const page = await (await browser.get(location)).text()

    expect(refused.status).toBe(303)
    expect(location).not.toContain(stateOf(started))
    expect(page).toContain('The connection was declined at Meta Ads.')
    expect(page).not.toContain('<script')
  })

  test('takes the tenant from the session, whatever the request claims', async () => {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    const callback = await browser.startAndConsent('meta')
    await browser.get(`${callback}&tenant=tenant-b&tenantId=tenant-b`, { 'x-tenant-id': 'tenant-b' })

    expect(await web.container.get(IDS.Connections).get(keyOf(TENANT_B))).toBeUndefined()
    expect(await web.container.get(IDS.Connections).get(keyOf(TENANT_A))).toBeDefined()
  })

  test.each([
    ['another user', TENANT_B],
    ['nobody', null],
    ['the same user in another tenant', { ...TENANT_A, tenantId: 'tenant-b' }],
  ])(
    'is refused to %s before anything reaches the platform, and the state is dead',
    async (_who, principal) => {
      const web = openWeb()
      const browser = web.browser(TENANT_A)
      const callback = await browser.startAndConsent('meta')
      const cookies = new Map(browser.cookies)
      browser.principal = principal
      const refused = await browser.get(callback)
      browser.principal = TENANT_A
      for (const [name, value] of cookies) browser.cookies.set(name, value)
      const again = await browser.get(callback)

      expect(refused.status).toBe(403)
      expect(await refused.text()).toContain('initiator_mismatch')
      expect(again.headers.get('location')).toContain('result=state_invalid')
      expect(web.meta.exchanges).toHaveLength(0)
    },
  )

  test.each(['without the cookie', 'with the cookie of another flow', 'with a forged cookie'])(
    'is refused to the same user in another browser, %s',
    async (how) => {
      const web = openWeb()
      const browser = web.browser(TENANT_A)
      const callback = await browser.startAndConsent('meta')
      const other = web.browser(TENANT_A)
      const [name = ''] = [...browser.cookies.keys()].filter((one) => one.includes('flow'))
      if (how.includes('another flow')) {
        await other.startAndConsent('meta')
        const [stolen = ''] = [...other.cookies]
          .filter(([one]) => one.includes('flow'))
          .map(([, value]) => value)
        other.cookies.set(name, stolen)
      }
      if (how.includes('forged')) other.cookies.set(name, 'abc.def.ZGVmYXVsdA.L3NldHRpbmdz.ghi')
      const refused = await other.get(callback)

      expect(refused.status).toBe(403)
      expect(await refused.text()).toContain('browser_mismatch')
      expect(web.meta.exchanges).toHaveLength(0)
    },
  )

  test('is refused when the permission was withdrawn meanwhile, without asking the platform', async () => {
    let isAllowed = true
    const web = openWeb({ authorize: () => isAllowed })
    const browser = web.browser(TENANT_A)
    const callback = await browser.startAndConsent('meta')
    isAllowed = false
    const completed = await browser.get(callback)

    expect(completed.headers.get('location')).toBe(`${BASE}?integration=meta&result=forbidden`)
    expect(web.meta.exchanges).toHaveLength(0)
  })

  test('refuses the state of one platform at the callback of another', async () => {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    const state = stateOf(await browser.submit(`${BASE}/meta/start`))
    const completed = await browser.get(callbackFor('google_ads', state))

    expect(completed.status).toBe(400)
    expect(await completed.text()).toContain('state_invalid')
    expect([...web.meta.exchanges, ...web.google.exchanges]).toHaveLength(0)
  })

  test('gives a reload the outcome of the first, while it is under way and after', async () => {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    const callback = await browser.startAndConsent('meta')
    const cookies = new Map(browser.cookies)
    let open: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    web.meta.beforeExchange = () => gate
    const first = browser.get(callback)
    const second = browser.get(callback)
    await new Promise((resolve) => setImmediate(resolve))
    open()
    const answers = await Promise.all([first, second])
    for (const [name, value] of cookies) browser.cookies.set(name, value)
    const third = await browser.get(callback)

    for (const answer of [...answers, third]) {
      expect(answer.headers.get('location')).toBe(`${BASE}?integration=meta&result=connected`)
    }
    expect(web.meta.exchanges).toHaveLength(1)
  })

  test.each([
    [MINUTE_MS, 'connected'],
    [MINUTE_MS + 1_000, 'state_invalid'],
  ])(
    'takes a connection for that of the flow though the store is %i ms behind: %s',
    async (behind, result) => {
      const web = openWeb()
      const browser = web.browser(TENANT_A)
      const callback = await browser.startAndConsent('meta')
      const cookies = new Map(browser.cookies)
      web.clock.setNow(web.clock.now() - behind)
      await browser.get(callback)
      for (const [name, value] of cookies) browser.cookies.set(name, value)

      expect((await browser.get(callback)).headers.get('location')).toBe(
        `${BASE}?integration=meta&result=${result}`,
      )
    },
  )

  test('tells who comes with a used link after that what it means, and leaves the connection alone', async () => {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    const callback = await browser.startAndConsent('meta')
    await browser.get(callback)
    const again = await browser.get(callback)

    expect(again.status).toBe(400)
    expect(await again.text()).toContain('A connection that you have just made is not affected')
    expect(await web.container.get(IDS.Connections).get(keyOf(TENANT_A))).toBeDefined()
    expect(web.meta.exchanges).toHaveLength(1)
  })

  test('does not take an old connection for the one that a used state was to make', async () => {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    await browser.connect()
    await web.clock.advance(HOUR_MS)
    const callback = await browser.startAndConsent('meta')
    const denied = new URL(`${ORIGIN}${callback}`)
    denied.searchParams.delete('code')
    denied.searchParams.set('error', 'access_denied')
    const cookies = new Map(browser.cookies)
    await browser.get(`${denied.pathname}${denied.search}`)
    for (const [name, value] of cookies) browser.cookies.set(name, value)

    expect((await browser.get(callback)).headers.get('location')).toContain('result=state_invalid')
  })

  test.each([10 * MINUTE_MS - 1_000, 10 * MINUTE_MS + 1_000])(
    'looks at the age of the state by the clock of the server: %i ms',
    async (age) => {
      const web = openWeb()
      const browser = web.browser(TENANT_A)
      const callback = await browser.startAndConsent('meta')
      await web.clock.advance(age)
      const isLate = age > 10 * MINUTE_MS

      expect((await browser.get(callback)).headers.get('location')).toBe(
        `${BASE}?integration=meta&result=${isLate ? 'state_invalid' : 'connected'}`,
      )
    },
  )

  test('maps what the platform writes into an error to the fixed vocabulary', async () => {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    const state = stateOf(await browser.submit(`${BASE}/meta/start`))
    const query = new URLSearchParams({
      state,
      error: '<script>x</script>',
      error_description: 'y'.repeat(9_000),
    })
    const completed = await browser.get(`${BASE}/meta/callback?${query.toString()}`)

    expect(completed.headers.get('location')).toBe(`${BASE}?integration=meta&result=authorization_denied`)
    expect(web.logged.join()).not.toContain('script')
  })
})

describe('a callback of the wrong shape', () => {
  const shapes: readonly (readonly [string, (state: string) => string])[] = [
    ['no state', () => 'code=x'],
    ['no parameter at all', () => ''],
    ['two states', (state) => `code=x&state=${state}&state=${state}`],
    ['two codes', (state) => `code=x&code=y&state=${state}`],
    ['a code and an error', (state) => `code=x&error=y&state=${state}`],
    ['an empty code', (state) => `code=&state=${state}`],
    ['an empty state', () => 'code=x&state='],
    ['an array', (state) => `code[]=x&state[]=${state}`],
    ['NUL', (state) => `code=%00&state=${state}`],
    ['a bad percent', (state) => `code=%ZZ%&state=${state}%ZZ`],
    ['bytes that are not ASCII', (state) => `code=%C3%A9&state=${state}`],
    ['a megabyte', (state) => `code=${'x'.repeat(1_000_000)}&state=${state}`],
    ['markup', () => 'code=x&state=%3Cscript%3Ealert(1)%3C/script%3E'],
    ['a state of another make', () => 'code=x&state=abc'],
  ]

  test.each(shapes)('is refused and changes nothing: %s', async (_shape, queryOf) => {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    const state = stateOf(await browser.submit(`${BASE}/meta/start`))
    const answer = await browser.get(`${BASE}/meta/callback?${queryOf(state)}`)
    const result = new URL(answer.headers.get('location') ?? '/', ORIGIN).searchParams.get('result')

    expect(answer.status === 303 ? result : answer.status).toSatisfy(
      (outcome) => outcome === 400 || outcome === 'callback_invalid' || outcome === 'state_invalid',
    )
    expect(await answer.text()).not.toContain('<script')
    expect(web.meta.exchanges).toHaveLength(0)
  })

  test('may carry a hundred parameters that mean nothing', async () => {
    const browser = openWeb().browser(TENANT_A)
    const callback = await browser.startAndConsent('meta')
    const extra = Array.from({ length: 100 }, (_, index) => `&__proto__${index}=x&redirect_uri=https://evil`)

    expect((await browser.get(callback + extra.join(''))).headers.get('location')).toBe(
      `${BASE}?integration=meta&result=connected`,
    )
  })
})

async function json(response: Response): Promise<Readonly<Record<string, unknown>>> {
  const value: unknown = await response.json()
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
