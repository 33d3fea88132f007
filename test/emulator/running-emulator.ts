import { createHash } from 'node:crypto'
import { afterEach, expect } from 'vitest'
import { z } from 'zod'
import { consent, emulatorApps, startEmulator } from '../../src/emulator/index.ts'
import type { ConsentChoice, Emulator, EmulatorOptions } from '../../src/emulator/index.ts'

export const redirectUri = 'http://localhost:4999/callback'
export const adwords = 'https://www.googleapis.com/auth/adwords'
export const verifier = 'a-code-verifier-that-is-just-long-enough-0123'
export const challenge = createHash('sha256').update(verifier).digest('base64url')

const running: Emulator[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((emulator) => emulator.close()))
})

/** An emulator that is closed after the test. */
export async function runEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator(options)
  running.push(emulator)
  return emulator
}

export function withQuery(base: string, query: Readonly<Record<string, string>>): string {
  return `${base}?${new URLSearchParams(query).toString()}`
}

export function postForm(
  url: string,
  form: Readonly<Record<string, string>>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, { method: 'POST', body: new URLSearchParams(form), headers })
}

export function basicOf(app: {
  readonly clientId: string
  readonly clientSecret: string
}): Record<string, string> {
  const pair = `${encodeURIComponent(app.clientId)}:${encodeURIComponent(app.clientSecret)}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

const tokenBody = z.looseObject({ access_token: z.string(), refresh_token: z.string().default('') })
const tiktokBody = z.object({ data: z.object({ access_token: z.string() }) })

/** A token answer; `refresh_token` is empty when there was none. */
export type TokenBody = z.output<typeof tokenBody>

/** The JSON of an answer that was a success. */
export async function tokensOf(response: Response): Promise<TokenBody> {
  const text = await response.text()
  expect(response.status, text).toBe(200)
  return tokenBody.parse(JSON.parse(text))
}

export function metaDialogUrl(emulator: Emulator, query: Readonly<Record<string, string>> = {}): string {
  return withQuery(emulator.endpoints.meta.authorization, {
    client_id: emulatorApps.meta.clientId,
    redirect_uri: redirectUri,
    state: 's',
    scope: 'ads_read,business_management',
    ...query,
  })
}

/** A long-lived Meta token of that person. */
export async function metaToken(emulator: Emulator, choice: ConsentChoice): Promise<TokenBody> {
  const { clientId, clientSecret } = emulatorApps.meta
  const app = { client_id: clientId, client_secret: clientSecret }
  const callback = await consent(metaDialogUrl(emulator), choice)
  const code = callback.searchParams.get('code') ?? ''
  const url = `${emulator.endpoints.meta.graph}/oauth/access_token`
  const short = await tokensOf(await postForm(url, { ...app, redirect_uri: redirectUri, code }))
  const exchange = { ...app, grant_type: 'fb_exchange_token', fb_exchange_token: short.access_token }
  return tokensOf(await fetch(withQuery(url, exchange)))
}

export function googleAuthorizationUrl(
  emulator: Emulator,
  query: Readonly<Record<string, string>> = {},
): string {
  return withQuery(emulator.endpoints.google_ads.authorization, {
    client_id: emulatorApps.google_ads.clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    state: 's',
    scope: `openid ${adwords}`,
    access_type: 'offline',
    prompt: 'consent',
    ...query,
  })
}

export async function googleTokens(
  emulator: Emulator,
  choice: ConsentChoice,
  query: Readonly<Record<string, string>> = {},
): Promise<TokenBody> {
  const { clientId, clientSecret } = emulatorApps.google_ads
  const callback = await consent(googleAuthorizationUrl(emulator, query), choice)
  const form = {
    grant_type: 'authorization_code',
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uri: redirectUri,
    code: callback.searchParams.get('code') ?? '',
  }
  return tokensOf(await postForm(emulator.endpoints.google_ads.token, form))
}

export function tiktokPortalUrl(emulator: Emulator): string {
  const query = { app_id: emulatorApps.tiktok.clientId, redirect_uri: redirectUri, state: 's' }
  return withQuery(emulator.endpoints.tiktok.authorization, query)
}

export function postJson(url: string, body: unknown): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  })
}

export const tiktokApp = { app_id: emulatorApps.tiktok.clientId, secret: emulatorApps.tiktok.clientSecret }

export async function tiktokCode(emulator: Emulator, choice: ConsentChoice): Promise<string> {
  const callback = await consent(tiktokPortalUrl(emulator), choice)
  return callback.searchParams.get('auth_code') ?? ''
}

export async function tiktokToken(emulator: Emulator, person: string): Promise<string> {
  const body = { ...tiktokApp, auth_code: await tiktokCode(emulator, { person }) }
  const response = await postJson(`${emulator.endpoints.tiktok.api}/oauth2/access_token/`, body)
  const answer = tiktokBody.parse(await response.json())
  return answer.data.access_token
}

export function standardUrl(emulator: Emulator, query: Readonly<Record<string, string>> = {}): string {
  return withQuery(emulator.endpoints.standard.authorization, {
    client_id: emulatorApps.standard.clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    state: 's',
    scope: 'read write',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...query,
  })
}

export async function standardTokens(emulator: Emulator, person = 'ada'): Promise<TokenBody> {
  const callback = await consent(standardUrl(emulator), { person })
  const form = {
    grant_type: 'authorization_code',
    code: callback.searchParams.get('code') ?? '',
    redirect_uri: redirectUri,
    code_verifier: verifier,
  }
  return tokensOf(await postForm(emulator.endpoints.standard.token, form, basicOf(emulatorApps.standard)))
}

export function standardRefresh(emulator: Emulator, refreshToken: string): Promise<Response> {
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken }
  return postForm(emulator.endpoints.standard.token, form, basicOf(emulatorApps.standard))
}
