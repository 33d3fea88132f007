import { beforeAll, describe, expect, test } from 'vitest'
import { emulatorKlaviyoKeys } from '../../src/emulator/index.ts'
import {
  connectKlaviyo,
  createOAuthState,
  decryptToken,
  encryptToken,
  getIntegrationStatus,
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

async function states(): Promise<number> {
  const { rows } = await bench.admin.query<{ count: string }>('SELECT count(*) FROM integration_states')
  return Number(rows[0]?.count)
}
