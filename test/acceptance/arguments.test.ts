import { beforeAll, describe, expect, test } from 'vitest'
import { emulatorKlaviyoKeys } from '../../src/emulator/index.ts'
import {
  connectKlaviyo,
  createOAuthState,
  decryptToken,
  disconnectKlaviyo,
  encryptToken,
  getIntegrationStatus,
  getKlaviyoApiKey,
  getKlaviyoConnection,
  refreshExpiringTokensJob,
  refreshKlaviyoLists,
  startTokenRefresh,
  testKlaviyoConnection,
  updateKlaviyoLists,
  validateOAuthState,
} from '../../src/index.ts'
import { connect, googleAds, meta, oauthPlatforms } from './platforms.ts'
import { codeOf, newTenant, openWorkbench, ORIGIN, refusalOf, saying } from './workbench.ts'
import type { Workbench } from './workbench.ts'

let bench: Workbench
beforeAll(async () => {
  bench = await openWorkbench()
  return bench.close
})

const SECRET = 'a secret of more than thirty-two characters'
const BASE = { returnUrl: '/settings' }

describe('An argument that cannot be right', () => {
  const tenants: readonly unknown[] = [
    ...['', 'a\0b', 'a\nb', '\ud800', 'x'.repeat(256), '\u0085'],
    ...[undefined, null, 5, {}, ['a'], true],
  ]
  test.each(tenants.map((tenant) => [tenant]))('the tenant %j is refused everywhere', async (tenant) => {
    for (const { start, token, find, disconnect } of oauthPlatforms) {
      // As a host without types would call.
      const calls = [
        (): unknown => Reflect.apply(start, undefined, [{ ...BASE, tenantId: tenant }]),
        ...[token, find, disconnect].map((call) => (): unknown => Reflect.apply(call, undefined, [tenant])),
      ]
      for (const call of calls) {
        expect(await refusalOf(call)).toMatchObject({
          code: 'tenant_invalid',
          message: saying('1 to 255 characters'),
        })
      }
    }
  })

  const urls = [
    ...['//evil.example', '/\\evil.example', '\\\\evil.example', 'https:evil.example', '/%09/evil.example'],
    ...['/%5cevil.example', `${ORIGIN}@evil.example/`, `${ORIGIN}.evil.example/`, 'javascript:alert(1)'],
    ...['data:text/html,x', 'http://app.example.com/', `${ORIGIN}:8443/`, 'ht\ntps://evil.example', ''],
    ...['https://user@app.example.com/', 'https://evil.example/', 'settings', '/\t/evil.example'],
  ]
  test.each(urls)(
    'the return URL %j is refused at the start, and nothing is remembered',
    async (returnUrl) => {
      const before = await states()
      expect(await refusalOf(() => meta.start({ tenantId: newTenant(), returnUrl }))).toMatchObject({
        code: 'return_url_refused',
        message: saying('allowedReturnOrigins'),
      })
      expect(await codeOf(() => createOAuthState(newTenant(), returnUrl, SECRET))).toBe('return_url_refused')
      expect(await states()).toBe(before)
    },
  )

  test.each(['/settings?x=1#y', `${ORIGIN}/settings`])(
    'the return URL %s is given back',
    async (returnUrl) => {
      const tenantId = newTenant()
      const { authUrl } = await googleAds.start({ tenantId, returnUrl })
      expect(new URL(authUrl).href).not.toContain('settings')
    },
  )

  test('a label, a provider or a secret that cannot be is named', async () => {
    const named: readonly [() => Promise<unknown>, string][] = [
      [() => meta.token(newTenant(), { label: '' }), 'label'],
      [() => meta.token(newTenant(), { label: 'a\0' }), 'label'],
      [() => getIntegrationStatus(newTenant(), 'myspace'), 'provider'],
      [() => getIntegrationStatus(newTenant(), '__proto__'), 'provider'],
      [() => createOAuthState(newTenant(), '/', 'short'), '32'],
      [() => validateOAuthState('x', 'short'), '32'],
      [() => encryptToken('token', 'short'), '32'],
      [() => decryptToken('value', 'short'), '32'],
    ]
    for (const [call, hint] of named) {
      expect(await refusalOf(call)).toMatchObject({
        code: 'config_invalid',
        message: saying(hint),
      })
    }
  })

  const noObjects: readonly unknown[] = [null, 5, 'shop', true, ['shop'], Symbol('shop')]
  test.each(noObjects.map((each) => [String(each), each]))(
    '%s is no object: no function takes it for one, or for none',
    async (_text, each) => {
      const calls = oauthPlatforms.flatMap(
        ({ start, find, token, refresh, needsRefresh, select, disconnect }) => [
          ...[find, token, refresh, needsRefresh, disconnect].map((call) => [call, 'tenant', each] as const),
          ...[[start, each] as const, [select, 'tenant', 'act_1', 'name', each] as const],
        ],
      )
      const ofKlaviyo = [getKlaviyoConnection, getKlaviyoApiKey, testKlaviyoConnection, refreshKlaviyoLists]
      const all = [
        ...calls,
        ...[...ofKlaviyo, disconnectKlaviyo].map((call) => [call, 'tenant', each] as const),
        ...[
          [connectKlaviyo, each] as const,
          [updateKlaviyoLists, 'tenant', null, null, each] as const,
          [getIntegrationStatus, 'tenant', 'meta', each] as const,
          [refreshExpiringTokensJob.handler, each] as const,
          [startTokenRefresh, each] as const,
          [decryptToken, 'value', SECRET, each] as const,
        ],
      ]
      for (const [call, ...given] of all) {
        // As a host without types would call.
        const refused = await refusalOf(async () => Reflect.apply(call, undefined, given))
        expect(refused).toMatchObject({ code: 'config_invalid', message: saying('must be an object') })
      }
    },
  )

  test('a value that was not sealed here, or is altered, or is under another key is told apart', async () => {
    const sealed = await encryptToken('token', SECRET)
    const last = sealed.endsWith('A') ? 'B' : 'A'
    expect(await codeOf(() => decryptToken('not sealed', SECRET))).toBe('cipher_value_invalid')
    expect(await codeOf(() => decryptToken(sealed, `${SECRET}!`))).toBe('cipher_key_unknown')
    expect(await codeOf(() => decryptToken(`${sealed.slice(0, -3)}${last}${sealed.slice(-2)}`, SECRET))).toBe(
      'cipher_authentication_failed',
    )
  })
})

describe('Klaviyo', () => {
  test.each([
    ['a key that nobody knows', { privateApiKey: 'pk_000000_0000' }],
    ['no key', { privateApiKey: '' }],
    ['a public key in its place', { privateApiKey: 'EMUFUL' }],
    ['a key with a line break', { privateApiKey: `${emulatorKlaviyoKeys.full}\r\nx-evil: 1` }],
    [
      'the public key of another account',
      { privateApiKey: emulatorKlaviyoKeys.full, publicApiKey: 'OTHER1' },
    ],
  ])('%s is refused with where to get one', async (_name, keys) => {
    const tenantId = newTenant()
    expect(await refusalOf(() => connectKlaviyo({ tenantId, ...keys }))).toMatchObject({
      code: 'api_key_invalid',
      message: saying('create a key in Klaviyo'),
    })
    expect(await bench.rowsOf(tenantId)).toEqual([])
  })

  test('a key without the needed scope, and one of another account, are told apart', async () => {
    const tenantId = newTenant()
    const withoutLists = { tenantId, privateApiKey: emulatorKlaviyoKeys.withoutLists }
    expect(await codeOf(() => connectKlaviyo(withoutLists))).toBe('scope_missing')
    await connectKlaviyo({ tenantId, privateApiKey: emulatorKlaviyoKeys.full })
    const other = { tenantId, privateApiKey: emulatorKlaviyoKeys.many }
    expect(await codeOf(() => connectKlaviyo(other))).toBe('account_changed')
    expect(await connectKlaviyo({ ...other, allowAccountChange: true })).toMatchObject({ connected: true })
  })

  test('a list that the account does not have is not chosen', async () => {
    const tenantId = newTenant()
    await connectKlaviyo({ tenantId, privateApiKey: emulatorKlaviyoKeys.full })
    for (const id of ['', 'nope', '__proto__']) {
      expect(await codeOf(() => updateKlaviyoLists(tenantId, id, null))).toBe('account_unknown')
    }
  })
})

describe('An account', () => {
  test.each(oauthPlatforms)('$provider: that the grant does not reach cannot be chosen', async (platform) => {
    const tenantId = newTenant()
    await connect(platform, tenantId, { person: 'ada' })
    for (const id of ['', '1', '../1', 'act_1', 'constructor']) {
      expect(await refusalOf(() => platform.select(tenantId, id))).toMatchObject({
        code: 'account_unknown',
        message: saying('choose one of its listed accounts'),
      })
    }
    expect(await platform.selected(tenantId)).toEqual({ id: null, name: null })
    expect(await codeOf(() => platform.select(newTenant(), '1'))).toBe('not_connected')
  })
})

describe('What is no text', () => {
  const odd: readonly unknown[] = [
    ...[null, 5, 1n, true, {}, [], ['x'], Symbol('x'), new Date(), () => 'x'],
    Object.create(null),
    { toString: () => 'act_1', slice: () => 'x' },
  ]

  test.each(oauthPlatforms)('$provider: is the id of no account', async ({ select }) => {
    for (const id of [undefined, ...odd]) {
      expect(await codeOf(async () => Reflect.apply(select, undefined, [newTenant(), id]))).toBe(
        'account_unknown',
      )
    }
  })

  test.each(oauthPlatforms)('$provider: is no name for an account', async (platform) => {
    const tenantId = newTenant()
    const { accounts } = await connect(platform, tenantId, { person: 'ada' })
    const { id = '' } = accounts.find(({ isUsable }) => isUsable) ?? {}
    for (const name of odd) {
      const call = async (): Promise<unknown> =>
        Reflect.apply(platform.select, undefined, [tenantId, id, name])
      expect(await refusalOf(call)).toMatchObject({ code: 'config_invalid', message: saying('accountName') })
    }
    expect(await platform.selected(tenantId)).toEqual({ id: null, name: null })
  })

  test.each(oauthPlatforms)('$provider: of a name the readable part is kept', async (platform) => {
    const tenantId = newTenant()
    const { accounts } = await connect(platform, tenantId, { person: 'ada' })
    const account = accounts.find(({ isUsable }) => isUsable)
    const kept = async (name: string): Promise<string | null> => {
      await platform.select(tenantId, account?.id ?? '', name)
      return (await platform.selected(tenantId)).name
    }
    expect(await kept(' My\u0001\u0000 shop\ud800 ')).toBe('My   shop')
    expect(await kept('x'.repeat(100_000))).toBe('x'.repeat(200))
    expect(await kept('\u0001')).toBe(account?.name)
  })
})

async function states(): Promise<number> {
  const { rows } = await bench.admin.query<{ count: string }>('SELECT count(*) FROM integration_states')
  return Number(rows[0]?.count)
}
