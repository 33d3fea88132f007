import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

import { IDS } from '../../src/application/container/identifiers.ts'
import type { MetaCallbackOptions } from '../../src/web/index.ts'
import { BASE, keyOf, openWeb, TENANT_A } from './web-harness.ts'
import type { Web } from './web-harness.ts'

const SECRET = 'app-secret-of-the-tests'
const deletionAnswer = z.object({ url: z.string(), confirmation_code: z.string() })

function signed(payload: unknown, secret = SECRET, algorithm = 'sha256'): string {
  const encoded = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)).toString(
    'base64url',
  )
  return `${createHmac(algorithm, secret).update(encoded).digest('base64url')}.${encoded}`
}

interface CallbackWeb extends Web {
  readonly payload: Readonly<Record<string, unknown>>
  post(path: string, signedRequest: string): Promise<Response>
}

async function openWithConnection(): Promise<CallbackWeb> {
  const web = openWeb({
    metaCallbacks: { appId: 'meta-client', appSecrets: [SECRET, 'the-secret-before'] },
  })
  await web.browser(TENANT_A).connect()
  return {
    ...web,
    payload: { user_id: '4711', algorithm: 'HMAC-SHA256', issued_at: web.clock.now() / 1_000, expires: 0 },
    post: (path, signedRequest) =>
      web.handler(
        new Request(`http://host.invalid${BASE}${path}`, {
          method: 'POST',
          body: new URLSearchParams({ signed_request: signedRequest }),
        }),
      ),
  }
}

describe('Meta’s data-deletion callback', () => {
  test('ends the person’s connections and says where a person can see that', async () => {
    const web = await openWithConnection()
    const answer = await web.post('/meta/data-deletion', signed(web.payload))
    const { url, confirmation_code: code } = deletionAnswer.parse(await answer.json())
    const { pathname, search } = new URL(url)
    const status = await web.handler(new Request(`http://host.invalid${pathname}${search}`))

    expect(answer.status).toBe(200)
    expect(await web.container.get(IDS.Connections).get(keyOf(TENANT_A))).toBeUndefined()
    const left = await web.container.get(IDS.TokenStore).list(keyOf(TENANT_A).tenantId)
    expect(JSON.stringify(left)).not.toMatch(/4711|Lindqvist/)
    expect(url).toContain(code)
    expect(status.status).toBe(200)
    expect(await status.text()).toContain('Your data was deleted')
  })

  test.each([
    ['the encryption key', 200, [SECRET]],
    ['the app secret, which is kept as a previous one', 200, ['a-new-secret', SECRET]],
    ['the app secret, which is kept nowhere', 404, ['a-new-secret']],
  ] as const)(
    'gives a link that after a change of %s is answered with %i',
    async (_what, status, appSecrets) => {
      const web = await openWithConnection()
      const answer = await web.post('/meta/data-deletion', signed(web.payload))
      const { pathname, search } = new URL(deletionAnswer.parse(await answer.json()).url)
      const metaCallbacks: MetaCallbackOptions = { appId: 'meta-client', appSecrets }
      const later = openWeb({ metaCallbacks }, 'a-key-that-replaced-the-one-of-the-first-tests-0123')

      const request = new Request(`http://host.invalid${pathname}${search}`)
      expect((await later.handler(request)).status).toBe(status)
    },
  )

  test('may come twice', async () => {
    const web = await openWithConnection()

    expect((await web.post('/meta/data-deletion', signed(web.payload))).status).toBe(200)
    expect((await web.post('/meta/data-deletion', signed(web.payload))).status).toBe(200)
  })

  test('is believed under the previous secret while it is configured, and with a padded signature', async () => {
    const web = await openWithConnection()
    const [signature = '', payload = ''] = signed(web.payload, 'the-secret-before').split('.')

    expect((await web.post('/meta/data-deletion', `${signature}=.${payload}`)).status).toBe(200)
  })

  const forgeries: readonly (readonly [string, (payload: Readonly<Record<string, unknown>>) => string])[] = [
    ['nothing', () => ''],
    ['another secret', (payload) => signed(payload, 'guessed')],
    ['algorithm none', (payload) => signed({ ...payload, algorithm: 'none' })],
    ['algorithm HS512', (payload) => signed({ ...payload, algorithm: 'HMAC-SHA512' }, SECRET, 'sha512')],
    ['the algorithm in small letters', (payload) => signed({ ...payload, algorithm: 'hmac-sha256' })],
    ['no signature', (payload) => `.${signed(payload).split('.')[1] ?? ''}`],
    ['an extra dot', (payload) => `${signed(payload)}.`],
    [
      'an old issued_at',
      (payload) => signed({ ...payload, issued_at: Number(payload['issued_at']) - 16 * 60 }),
    ],
    [
      'a future issued_at',
      (payload) => signed({ ...payload, issued_at: Number(payload['issued_at']) + 6 * 60 }),
    ],
    [
      'an issued_at that is text',
      (payload) => signed({ ...payload, issued_at: String(payload['issued_at']) }),
    ],
    ['an end that is over', (payload) => signed({ ...payload, expires: Number(payload['issued_at']) - 1 })],
    ['an empty payload', () => signed({})],
    ['an array', () => signed([])],
    ['no JSON', () => signed('user_id=4711')],
    ['no user', ({ user_id: _user, ...payload }) => signed(payload)],
    ['a user that is no id', (payload) => signed({ ...payload, user_id: { $ne: '' } })],
    [
      'another payload under the signature',
      (payload) => `${signed(payload).split('.')[0] ?? ''}.${Buffer.from('{}').toString('base64url')}`,
    ],
  ]

  test.each(forgeries)('with %s is refused and deletes nothing', async (_what, forge) => {
    const web = await openWithConnection()
    for (const path of ['/meta/data-deletion', '/meta/deauthorize']) {
      expect((await web.post(path, forge(web.payload))).status).toBe(400)
    }

    expect(await web.container.get(IDS.Connections).get(keyOf(TENANT_A))).toBeDefined()
  })

  test('has a status page for the codes that it gave out, and for no other', async () => {
    const web = await openWithConnection()
    const answer = await web.post('/meta/data-deletion', signed(web.payload))
    const { confirmation_code: code } = deletionAnswer.parse(await answer.json())
    const statusOf = async (changed: string): Promise<number> =>
      (await web.handler(new Request(`http://host.invalid${BASE}/meta/data-deletion?code=${changed}`))).status

    expect(await statusOf(code)).toBe(200)
    for (const changed of [
      '',
      'abc-def-0123',
      `1${code}`,
      `${code}0`,
      code.slice(0, -1),
      code.replace('-', '-0'),
    ])
      expect([changed, await statusOf(changed)]).toEqual([changed, 404])
  })

  test('is not there when it is not set up', async () => {
    const { handler } = openWeb()
    const request = new Request(`http://host.invalid${BASE}/meta/data-deletion`, { method: 'POST' })

    expect((await handler(request)).status).toBe(404)
  })
})

describe('Meta’s deauthorize callback', () => {
  test('lets the tenant know once Meta confirms that the token is dead', async () => {
    const web = await openWithConnection()
    web.meta.refusesCredentials = true
    const answer = await web.post('/meta/deauthorize', signed(web.payload))
    await web.container.get(IDS.Shutdown).close()

    expect(answer.status).toBe(200)
    expect(await web.container.get(IDS.Connections).get(keyOf(TENANT_A))).toMatchObject({
      status: 'needs_reauth',
    })
  })

  test('leaves a connection that works as it is', async () => {
    const web = await openWithConnection()
    await web.post('/meta/deauthorize', signed(web.payload))
    await web.container.get(IDS.Shutdown).close()

    expect(await web.container.get(IDS.Connections).get(keyOf(TENANT_A))).toMatchObject({
      status: 'pending_account_selection',
    })
  })
})
