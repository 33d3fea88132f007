import { expect, test } from 'vitest'
import { consent, emulatorApps } from '../../src/emulator/index.ts'
import type { Emulator, RotationMode } from '../../src/emulator/index.ts'
import {
  basicOf,
  postForm,
  redirectUri,
  runEmulator,
  standardRefresh,
  standardTokens,
  standardUrl,
  tokensOf,
  verifier,
} from './running-emulator.ts'

function rotating(mode: RotationMode): Promise<Emulator> {
  return runEmulator({ rotation: { standard: mode } })
}

test('answers the authorization request with code, state and issuer', async () => {
  const emulator = await runEmulator()
  const { searchParams } = await consent(standardUrl(emulator), { person: 'ada' })
  expect(searchParams.get('state')).toBe('s')
  expect(searchParams.get('iss')).toBe(emulator.endpoints.standard.issuer)
})

test('insists on PKCE with S256', async () => {
  const emulator = await runEmulator()
  const callback = await consent(standardUrl(emulator, { code_challenge_method: 'plain' }))
  expect(callback.searchParams.get('error')).toBe('invalid_request')
})

test('takes the client secret by either method, and answers 401 to a wrong one', async () => {
  const emulator = await runEmulator()
  const { refresh_token: refreshToken } = await standardTokens(emulator)
  const grant = { grant_type: 'refresh_token', refresh_token: refreshToken }
  const { clientId, clientSecret } = emulatorApps.standard
  const posted = { ...grant, client_id: clientId, client_secret: clientSecret }
  expect((await postForm(emulator.endpoints.standard.token, posted)).status).toBe(200)
  const wrong = await postForm(
    emulator.endpoints.standard.token,
    grant,
    basicOf({ clientId, clientSecret: 'wrong' }),
  )
  expect([wrong.status, await wrong.json()]).toEqual([401, { error: 'invalid_client' }])
})

test('takes back what a code gave when the code turns up again', async () => {
  const emulator = await runEmulator()
  const callback = await consent(standardUrl(emulator), { person: 'ada' })
  const form = {
    grant_type: 'authorization_code',
    code: callback.searchParams.get('code') ?? '',
    redirect_uri: redirectUri,
    code_verifier: verifier,
  }
  const tokens = await tokensOf(
    await postForm(emulator.endpoints.standard.token, form, basicOf(emulatorApps.standard)),
  )
  const again = await postForm(emulator.endpoints.standard.token, form, basicOf(emulatorApps.standard))
  expect(again.status).toBe(400)
  expect(emulator.control.accepts('standard', tokens.access_token)).toBe(false)
})

test('none: the refresh token stays and the answer carries no other', async () => {
  const emulator = await rotating('none')
  const { refresh_token: token } = await standardTokens(emulator)
  const first = await tokensOf(await standardRefresh(emulator, token))
  expect(first.refresh_token).toBe('')
  expect((await standardRefresh(emulator, token)).status).toBe(200)
})

test('grace: the old token gives siblings until its time is over', async () => {
  const emulator = await rotating('grace:1000')
  const { refresh_token: token } = await standardTokens(emulator)
  const first = await tokensOf(await standardRefresh(emulator, token))
  emulator.control.advance(900)
  const sibling = await tokensOf(await standardRefresh(emulator, token))
  expect(sibling.refresh_token).not.toBe(first.refresh_token)
  emulator.control.advance(100)
  expect((await standardRefresh(emulator, token)).status).toBe(400)
  expect(emulator.control.accepts('standard', first.refresh_token)).toBe(true)
  expect(emulator.control.accepts('standard', sibling.refresh_token)).toBe(true)
})

test.each(['refresh token', 'access token'])('grace: ends when the new %s is used', async (kind) => {
  const emulator = await rotating('grace:60000')
  const { refresh_token: token } = await standardTokens(emulator)
  const next = await tokensOf(await standardRefresh(emulator, token))
  expect(emulator.control.accepts('standard', token)).toBe(true)
  if (kind === 'refresh token') await standardRefresh(emulator, next.refresh_token)
  else
    await fetch(emulator.endpoints.standard.userinfo, {
      headers: { authorization: `Bearer ${next.access_token}` },
    })
  expect((await standardRefresh(emulator, token)).status).toBe(400)
})

test('single_use: the old token is dead at once, and its reuse harms nobody', async () => {
  const emulator = await rotating('single_use')
  const { refresh_token: token } = await standardTokens(emulator)
  const next = await tokensOf(await standardRefresh(emulator, token))
  expect((await standardRefresh(emulator, token)).status).toBe(400)
  expect(emulator.control.accepts('standard', next.refresh_token)).toBe(true)
})

test('revoking: a reuse ends the whole grant, and is on record', async () => {
  const emulator = await rotating('revoking')
  const { refresh_token: token } = await standardTokens(emulator)
  const next = await tokensOf(await standardRefresh(emulator, token))
  expect((await standardRefresh(emulator, token)).status).toBe(400)
  expect((await standardRefresh(emulator, next.refresh_token)).status).toBe(400)
  const [lineage] = emulator.control.lineages('standard')
  expect(lineage).toMatchObject({
    endedBy: 'reuse',
    liveAccessTokens: [],
    liveRefreshTokens: [],
    tokenCalls: 3,
    reuses: [{ token, withinGrace: false }],
  })
})

test('counts how many requests of one grant were on the wire at once', async () => {
  const emulator = await rotating('none')
  const { refresh_token: token } = await standardTokens(emulator)
  emulator.control.setLatency(100, 'standard')
  await Promise.all([1, 2, 3].map(() => standardRefresh(emulator, token)))
  const [lineage] = emulator.control.lineages('standard')
  expect(lineage).toMatchObject({ tokenCalls: 3, inFlightMax: 3, inFlight: 0 })
})

test('revocation ends the grant, and an unknown token is as good as revoked', async () => {
  const emulator = await runEmulator()
  const tokens = await standardTokens(emulator)
  const revoke = (token: string): Promise<Response> =>
    postForm(emulator.endpoints.standard.revocation, { token }, basicOf(emulatorApps.standard))
  expect((await revoke('unknown')).status).toBe(200)
  expect((await revoke(tokens.refresh_token)).status).toBe(200)
  const headers = { authorization: `Bearer ${tokens.access_token}` }
  expect((await fetch(emulator.endpoints.standard.userinfo, { headers })).status).toBe(401)
})

test('an access token lives exactly as long as was said', async () => {
  const emulator = await runEmulator({ lifetimes: { standard: { access: 5 } } })
  const tokens = await standardTokens(emulator)
  const issuedAt = emulator.control.lineages('standard')[0]?.issues[0]?.at ?? 0
  emulator.control.advance(issuedAt + 4_000 - emulator.control.now())
  expect(emulator.control.accepts('standard', tokens.access_token)).toBe(true)
  emulator.control.advance(issuedAt + 5_000 - emulator.control.now())
  expect(emulator.control.accepts('standard', tokens.access_token)).toBe(false)
})
