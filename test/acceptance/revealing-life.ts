import { randomBytes } from 'node:crypto'
import { DAY_MS, HOUR_MS } from '../../src/domain/model/time.ts'
import { emulatorApps, emulatorKlaviyoKeys } from '../../src/emulator/index.ts'
import type { Fault } from '../../src/emulator/index.ts'
import {
  connectKlaviyo,
  createOAuthState,
  decryptToken,
  disconnectKlaviyo,
  encryptToken,
  getAllIntegrationStatuses,
  getKlaviyoApiKey,
  getKlaviyoConnection,
  listConnections,
  refreshExpiringTokensJob,
  refreshKlaviyoLists,
  testKlaviyoConnection,
  validateOAuthState,
} from '../../src/index.ts'
import { consent } from '../../src/emulator/index.ts'
import { googleAds, meta, oauthPlatforms } from './platforms.ts'
import type { OAuthPlatform } from './platforms.ts'
import { newTenant } from './workbench.ts'
import type { Workbench } from './workbench.ts'

/** What a host saw of the library while everything went right and wrong. */
export interface Seen {
  readonly secrets: Map<string, string>
  readonly errors: unknown[]
  readonly answers: unknown[]
}

export function canary(kind: string): string {
  return `CNRY-${kind}-${randomBytes(20).toString('hex')}`
}

/** Lives every life with every trouble that a platform, a store or a person can make, and notes every secret on the way. */
export async function revealingLife(bench: Workbench): Promise<Seen> {
  const life = new RevealingLife(bench)
  for (const platform of oauthPlatforms) {
    await life.connectAndUse(platform)
    await life.mistakes(platform)
    await life.echoes(platform)
    await life.ending(platform)
  }
  await life.klaviyo()
  await life.ownStates()
  await life.wrongApps()
  await life.brokenStores()
  await life.job()
  return life.seen()
}

class RevealingLife {
  readonly #bench: Workbench
  readonly #secrets = new Map<string, string>()
  readonly #errors: unknown[] = []
  readonly #answers: unknown[] = []
  readonly #echo = this.#note('echo', canary('echo'))
  readonly #bound = {
    initiator: {
      userId: this.#note('user', canary('user')),
      sessionId: this.#note('session', canary('session')),
    },
    browser: this.#note('browser', canary('browser')),
  }

  constructor(bench: Workbench) {
    this.#bench = bench
    for (const [name, { clientSecret }] of Object.entries(emulatorApps)) {
      this.#note(`${name} app secret`, clientSecret)
    }
    for (const [name, key] of Object.entries(emulatorKlaviyoKeys)) this.#note(`klaviyo ${name} key`, key)
  }

  seen(): Seen {
    const { control } = this.#bench.emulator
    for (const { id, issues } of control.lineages()) {
      for (const [index, { access, refresh }] of issues.entries()) {
        this.#note(`${id} access token ${index}`, access)
        if (refresh !== undefined) this.#note(`${id} refresh token ${index}`, refresh)
      }
    }
    for (const [index, { body }] of control.requests().entries()) {
      const verifier = new URLSearchParams(body).get('code_verifier')
      if (verifier !== null) this.#note(`verifier ${index}`, verifier)
    }
    return { secrets: this.#secrets, errors: this.#errors, answers: this.#answers }
  }

  async connectAndUse(platform: OAuthPlatform): Promise<void> {
    const tenantId = newTenant()
    await this.#connect(platform, tenantId, 'ada')
    const found = await platform.find(tenantId)
    const { accounts } = await this.#connect(platform, tenantId, 'ada')
    await platform.select(tenantId, accounts[0]?.id ?? '')
    await platform.token(tenantId)
    this.#answers.push(found, await platform.refresh(tenantId), await listConnections(tenantId))
    await this.#bench.elapse(platform === meta ? 55 * DAY_MS : 2 * HOUR_MS)
    await platform.token(tenantId)
    this.#answers.push(await getAllIntegrationStatuses(tenantId), await platform.disconnect(tenantId))
    await this.#connect(platform, tenantId, 'guest-1')
  }

  async mistakes(platform: OAuthPlatform): Promise<void> {
    const tenantId = newTenant()
    const { callback } = await this.#authorize(platform, tenantId, 'guest-2')
    const doubled = new URLSearchParams([...callback, ['state', callback.get('state') ?? '']])
    const { bound, state } = { bound: this.#bound, state: callback.get('state') ?? '' }
    await this.#attempt(() => platform.complete(doubled))
    await this.#attempt(() => platform.complete({ state, code: 'never-issued', ...bound }))
    await this.#attempt(() => platform.complete({ state, code: callback.get('code') ?? '', ...bound }))
    const foreign = await this.#authorize(platform, tenantId, 'guest-2')
    await this.#attempt(() => platform.complete(foreign.callback))
    for (const person of ['nora', 'dana'])
      await this.#attempt(() => this.#connect(platform, tenantId, person))
    const url = `https://evil.example/?token=${this.#echo}`
    await this.#attempt(() => platform.start({ tenantId, returnUrl: url }))
    await this.#attempt(() => platform.start({ tenantId: `${this.#echo}\0`, returnUrl: '/' }))
    await this.#attempt(() => platform.token(tenantId, { label: `${this.#echo}\0` }))
    await this.#attempt(() => platform.select(tenantId, this.#echo))
    const denied = await consent((await platform.start({ tenantId, returnUrl: '/' })).authUrl, {
      decision: 'deny',
    })
    denied.searchParams.set('error_description', this.#echo)
    await this.#attempt(() => platform.complete(denied.searchParams))
  }

  /** A platform that repeats what it was sent, in everything it says. */
  async echoes(platform: OAuthPlatform): Promise<void> {
    const { control } = this.#bench.emulator
    const living = newTenant()
    await this.#connect(platform, living, 'guest-3')
    for (const fault of this.#echoing()) {
      for (const route of [
        'exchange',
        'accounts',
        'search',
        'me',
        'userinfo',
        'debug_token',
        'advertiser_info',
      ]) {
        control.fail(platform.provider, route, fault)
        await this.#attempt(() => this.#connect(platform, newTenant(), 'guest-4'))
        control.clearFaults()
        await this.#bench.restart()
      }
      control.fail(platform.provider, '*', { ...fault, times: null })
      await this.#bench.elapse(HOUR_MS)
      this.#answers.push(await platform.refresh(living))
      await this.#attempt(() => platform.token(living))
      control.clearFaults()
      await this.#bench.restart()
      this.#answers.push(await platform.find(living))
    }
  }

  async ending(platform: OAuthPlatform): Promise<void> {
    const { control } = this.#bench.emulator
    const [taken, queued] = [newTenant(), newTenant()]
    await this.#connect(platform, taken, 'guest-5')
    control.revokeAtPlatform(platform.provider, 'guest-5')
    this.#answers.push(await platform.refresh(taken))
    await this.#attempt(() => platform.token(taken))
    await this.#connect(platform, queued, 'guest-6')
    control.fail(platform.provider, 'revoke', { status: 503, body: this.#echo, times: null })
    this.#answers.push(await platform.disconnect(queued))
    control.clearFaults()
  }

  async klaviyo(): Promise<void> {
    const tenantId = newTenant()
    const privateApiKey = emulatorKlaviyoKeys.full
    await this.#attempt(() => connectKlaviyo({ tenantId, privateApiKey: `${privateApiKey}\n${this.#echo}` }))
    await this.#attempt(() =>
      connectKlaviyo({ tenantId, privateApiKey: this.#note('bad key', canary('key')) }),
    )
    this.#answers.push(
      await connectKlaviyo({ tenantId, privateApiKey }),
      await getKlaviyoConnection(tenantId),
    )
    for (const fault of this.#echoing()) {
      this.#bench.emulator.control.fail('klaviyo', '*', { ...fault, times: null })
      await this.#attempt(() => connectKlaviyo({ tenantId: newTenant(), privateApiKey }))
      await this.#attempt(() => refreshKlaviyoLists(tenantId))
      this.#answers.push(await testKlaviyoConnection(tenantId))
      this.#bench.emulator.control.clearFaults()
      await this.#bench.restart()
    }
    await this.#attempt(() => getKlaviyoApiKey(tenantId))
    await this.#attempt(() => disconnectKlaviyo(tenantId))
  }

  async ownStates(): Promise<void> {
    const secret = this.#note('state secret', canary('statesecret'))
    const { state } = await createOAuthState(newTenant(), '/settings', secret)
    this.#note('own state', state)
    await this.#attempt(() => validateOAuthState(state, canary('other')))
    await validateOAuthState(state, secret)
    await this.#attempt(() => validateOAuthState(state, secret))
    const sealed = await encryptToken(this.#echo, secret)
    await this.#attempt(() => decryptToken(this.#echo, secret))
    await this.#attempt(() => decryptToken(sealed, canary('other')))
    await this.#attempt(() => decryptToken(`${sealed.slice(0, -4)}AAAA`, secret))
    await this.#attempt(() => encryptToken(this.#echo, this.#echo.slice(0, 31)))
  }

  /** Secrets that the platforms refuse. */
  async wrongApps(): Promise<void> {
    const [metaSecret, googleSecret, tiktokSecret] = ['meta', 'google', 'tiktok'].map((name) =>
      this.#note(`wrong ${name} secret`, canary(name)),
    )
    await this.#bench.restart({
      providers: {
        meta: { appId: emulatorApps.meta.clientId, appSecret: metaSecret ?? '' },
        googleAds: { clientId: emulatorApps.google_ads.clientId, clientSecret: googleSecret ?? '' },
        tiktok: { appId: emulatorApps.tiktok.clientId, appSecret: tiktokSecret ?? '' },
      },
    })
    for (const platform of oauthPlatforms) {
      await this.#attempt(() => this.#connect(platform, newTenant(), 'guest-7'))
    }
    await this.#bench.restart()
  }

  async brokenStores(): Promise<void> {
    const tenantId = newTenant()
    await this.#connect(googleAds, tenantId, 'guest-8')
    const key = this.#note('another key', canary('encryption'))
    await this.#bench.restart({ encryption: { key } })
    await this.#attempt(() => googleAds.token(tenantId))
    const password = this.#note('password', canary('password'))
    await this.#bench.restart({ database: { connectionString: `postgres://u:${password}@127.0.0.1:9/db` } })
    await this.#attempt(() => googleAds.token(tenantId))
    await this.#bench.restart({ redis: { url: `redis://u:${password}@127.0.0.1:9` } })
    await this.#attempt(() => googleAds.start({ tenantId, returnUrl: '/' }))
    await this.#attempt(() => this.#bench.restart({ encryption: { key: this.#echo.slice(0, 31) } }))
    await this.#bench.restart()
    await this.#bench.admin.query(
      `UPDATE integration_connections SET access_token = left(access_token, -4) || 'AAAA' WHERE tenant_id = $1`,
      [tenantId],
    )
    await this.#attempt(() => googleAds.token(tenantId))
    await this.#bench.admin.query(
      `UPDATE integration_connections SET access_token = 'plain' WHERE tenant_id = $1`,
      [tenantId],
    )
    await this.#attempt(() => googleAds.token(tenantId))
  }

  async job(): Promise<void> {
    await this.#bench.elapse(DAY_MS)
    this.#answers.push(await refreshExpiringTokensJob.handler())
  }

  #echoing(): readonly Fault[] {
    const echo = this.#echo
    const headers = { 'www-authenticate': `Bearer error="${echo}"`, 'retry-after': echo, 'x-echo': echo }
    const standard = {
      error: echo,
      error_description: echo,
      error_uri: echo,
      message: echo,
      code: 40_001,
      data: echo,
    }
    const graph = { error: { message: echo, type: echo, code: 100, error_subcode: 33, error_user_msg: echo } }
    const problem = {
      errors: [{ id: echo, code: echo, title: echo, detail: echo, source: { pointer: echo } }],
    }
    return [
      { status: 400, headers, body: standard },
      { status: 401, headers, body: { ...standard, error: 'invalid_client' } },
      { status: 403, headers, body: problem },
      { status: 429, headers, body: standard },
      { status: 400, headers, body: graph },
      { status: 500, headers, body: echo },
      { status: 200, headers, body: standard },
      { status: 302, headers: { ...headers, location: `http://127.0.0.1:9/${echo}` } },
      { status: 200, headers, body: `{"access_token":"${echo}` },
    ]
  }

  async #authorize(
    platform: OAuthPlatform,
    tenantId: string,
    person: string,
  ): Promise<{ readonly callback: URLSearchParams }> {
    const { authUrl, state } = await platform.start({ tenantId, returnUrl: '/settings', ...this.#bound })
    this.#note(`state ${this.#secrets.size}`, state)
    const callback = (await consent(authUrl, { person })).searchParams
    for (const name of ['code', 'auth_code']) {
      const code = callback.get(name)
      if (code !== null) this.#note(`code ${this.#secrets.size}`, code)
    }
    return { callback }
  }

  async #connect(
    platform: OAuthPlatform,
    tenantId: string,
    person: string,
  ): ReturnType<OAuthPlatform['complete']> {
    const { callback } = await this.#authorize(platform, tenantId, person)
    const given = { state: callback.get('state') ?? '', code: callback.get('code') ?? '' }
    const iss = callback.get('iss')
    const result = await platform.complete({ ...given, ...(iss === null ? {} : { iss }), ...this.#bound })
    this.#answers.push(result)
    return result
  }

  async #attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#errors.push(error)
    }
  }

  #note(name: string, secret: string): string {
    this.#secrets.set(name, secret)
    return secret
  }
}
