import { describe, expect, test } from 'vitest'
import { IDS } from '../../src/application/container/identifiers.ts'
import type { Principal } from '../../src/web/index.ts'
import { BASE, keyOf, openWeb, TENANT_A } from './web-harness.ts'
import type { Browser, Web } from './web-harness.ts'

/** The handler of a host without types, which gives whatever it was last told to give. */
function openUntyped(): { readonly web: Web; readonly browser: Browser; give(principal: unknown): void } {
  let given: unknown = TENANT_A
  const web = openWeb({ authenticate: () => given as Principal })
  const give = (principal: unknown): void => {
    given = principal
  }
  return { web, browser: web.browser(null), give }
}

const ECHO = 'must not be echoed'

describe('a principal', () => {
  const noUsers: readonly unknown[] = [undefined, null, '', {}, Number.NaN, 5, true, [ECHO]]
  const noTenants: readonly unknown[] = [undefined, null, '', {}, 5, [ECHO], `${ECHO}\0`]
  const noSessions: readonly unknown[] = [{}, Number.NaN, 5, true, [ECHO]]
  const cases: readonly (readonly [string, string, unknown])[] = [
    ...noUsers.map((userId) => ['without a user', 'userId', { ...TENANT_A, userId }] as const),
    ...noTenants.map((tenantId) => ['without a tenant', 'Tenant', { ...TENANT_A, tenantId }] as const),
    ...noSessions.map((sessionId) => ['of an odd session', 'sessionId', { ...TENANT_A, sessionId }] as const),
    ...[ECHO, true, 5, false].map((principal) => ['that is none', 'Principal', principal] as const),
  ]

  test.each(cases)(
    '%s is the host’s mistake: it starts and completes nothing, and the log names the %s',
    async (_what, named, principal) => {
      const { web, browser, give } = openUntyped()
      const callback = await browser.startAndConsent()
      const form = { csrfToken: await browser.token() }
      give(principal)

      const answers = [
        await browser.get(BASE),
        await browser.get(`${BASE}/status`, { accept: 'application/json' }),
        await browser.post(`${BASE}/meta/start`, form),
        await browser.post(`${BASE}/meta/disconnect`, form),
        await browser.get(callback),
      ]

      expect(answers.map(({ status }) => status)).toEqual([500, 500, 500, 500, 500])
      expect(web.logged).toHaveLength(5)
      for (const line of web.logged) expect(line).toContain(named)
      const told = [...web.logged, ...(await Promise.all(answers.map((answer) => answer.text())))].join('\n')
      expect(told).not.toContain(ECHO)
      expect(await web.container.get(IDS.Connections).get(keyOf(TENANT_A))).toBeUndefined()
      give(TENANT_A)
      expect((await browser.get(callback)).headers.get('location')).toContain('result=connected')
    },
  )

  test.each([{}, { sessionId: undefined }, { sessionId: null }])(
    'may have no session: %j',
    async (without) => {
      const { browser, give } = openUntyped()
      give({ tenantId: 'tenant-a', userId: 'user-a1', ...without })
      expect((await browser.connect()).headers.get('location')).toContain('result=connected')
    },
  )

  test('reaches the host’s own functions as it is', async () => {
    const seen: unknown[] = []
    const principal = { tenantId: 'tenant-a', userId: 'user-a1', role: 'admin' }
    const web = openWeb({ authenticate: () => principal, authorize: (asked) => seen.push(asked) > 0 })
    await web.browser(null).connect()
    expect(seen[0]).toBe(principal)
  })

  test.each([undefined, null])('of %s is nobody', async (nobody) => {
    const { web, browser, give } = openUntyped()
    const callback = await browser.startAndConsent()
    give(nobody)
    const answer = await browser.get(`${BASE}/status`, { accept: 'application/json' })
    expect([answer.status, (await browser.get(BASE)).status]).toEqual([401, 401])
    expect((await browser.get(callback)).status).toBe(403)
    expect(web.logged).toEqual([])
  })
})

test('a host with types may give undefined for nobody too', async () => {
  const web = openWeb({ authenticate: async () => undefined })
  expect((await web.browser(null).get(BASE)).status).toBe(401)
})
