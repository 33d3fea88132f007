import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startRedis } from '../../dev/services/redis.ts'
import { isIntegrationError } from '../../src/index.ts'
import { leaksOf } from '../acceptance/leak-search.ts'
import { canary, revealingLife } from '../acceptance/revealing-life.ts'
import type { Seen } from '../acceptance/revealing-life.ts'
import { openWorkbench } from '../acceptance/workbench.ts'
import type { Workbench } from '../acceptance/workbench.ts'
import { createLogin } from '../adapters/postgres/logins.ts'
import { migrate } from '../../src/adapters/postgres/index.ts'
import { freshDatabase } from '../support/database.ts'

const KEY = '8d1f0c5e2b7a49634f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a3928'
const PLANTED = canary('planted')

const opened: (() => Promise<unknown>)[] = []
const commands: string[] = []
const rejections: unknown[] = []
let bench: Workbench
let redis: Redis
let seen: Seen

beforeAll(async () => {
  for (const stream of [process.stdout, process.stderr]) {
    const spy = vi.spyOn(stream, 'write')
    opened.push(async () => spy.mockRestore())
  }
  process.on('unhandledRejection', noteRejection)
  opened.push(async () => process.off('unhandledRejection', noteRejection))
  const server = await startRedis({ isDedicated: true })
  opened.push(() => server.stop())
  redis = new Redis(server.url)
  const monitor = await redis.monitor()
  monitor.on('monitor', (_time: string, command: readonly string[]) => commands.push(command.join(' ')))
  opened.push(async () => {
    monitor.disconnect()
    redis.disconnect()
  })
  const database = await freshDatabase()
  opened.push(() => database.drop())
  const admin = new Pool({ connectionString: database.url, max: 1 })
  const login = await createLogin(admin, database.url)
  await migrate({ pool: admin, grantTo: [login.name] })
  opened.push(async () => {
    await login.drop()
    await admin.end()
  })
  bench = await openWorkbench({
    login: { databaseUrl: login.url, adminUrl: database.url },
    config: { redis: { url: server.url }, encryption: { key: KEY } },
  })
  opened.push(() => bench.close())
  seen = await revealingLife(bench)
  seen.secrets.set('password of the login', new URL(login.url).password)
  seen.secrets.set('encryption key', KEY)
  seen.secrets.set('encryption key, its bytes', Buffer.from(KEY, 'hex').toString('latin1'))
}, 120_000)

afterAll(async () => {
  for (const close of opened.reverse()) await close()
})

function noteRejection(reason: unknown): void {
  rejections.push(reason)
}

describe('Nothing leaks', () => {
  test('the life that was lived went wrong in every way, and every error is one of ours', () => {
    const codes = new Set(
      seen.errors.map((error) => (isIntegrationError(error) ? error.code : String(error))),
    )
    expect([...codes].toSorted()).toEqual([
      ...['account_unknown', 'api_key_invalid', 'authorization_denied', 'callback_invalid'],
      ...['cipher_authentication_failed', 'cipher_key_unknown', 'cipher_value_invalid', 'config_invalid'],
      ...['exchange_rejected', 'initiator_mismatch', 'no_ad_accounts', 'not_connected'],
      ...['provider_misconfigured', 'provider_response_invalid', 'provider_unavailable', 'rate_limited'],
      ...['reauthorization_required', 'return_url_refused', 'scope_missing', 'state_invalid'],
      ...['store_unavailable', 'tenant_invalid'],
    ])
    expect(rejections).toEqual([])
    expect(seen.secrets.size).toBeGreaterThan(200)
  })

  test('into errors: not their message, stack, causes, properties, or anything hidden', () => {
    expect(leaksOf(seen.secrets, { errors: seen.errors.map(everythingOf).join('\n') })).toEqual([])
  })

  test('into the log, the audit trail, what is printed, or what is answered', () => {
    const printedNow = vi
      .mocked(process.stderr.write)
      .mock.calls.concat(vi.mocked(process.stdout.write).mock.calls)
    expect(bench.logged.length).toBeGreaterThan(0)
    expect(bench.events.length).toBeGreaterThan(50)
    const sinks = {
      log: bench.logged.map(everythingOf).join('\n'),
      events: bench.events.map(everythingOf).join('\n'),
      printed: printedNow.map(([text]) => String(text)).join('\n'),
      answers: seen.answers.map(everythingOf).join('\n'),
    }
    expect(leaksOf(seen.secrets, sinks)).toEqual([])
  })

  test('into Postgres in the clear', async () => {
    const dump = await dumpOfPostgres()
    expect(dump.length).toBeGreaterThan(20_000)
    expect(leaksOf(seen.secrets, { postgres: dump })).toEqual([])
  })

  test('into Redis in the clear, its keys and everything that was ever sent to it included', async () => {
    expect(commands.length).toBeGreaterThan(100)
    expect(leaksOf(seen.secrets, { redis: await dumpOfRedis(), monitor: commands.join('\n') })).toEqual([])
  })

  test('into URLs, but for the two calls that a platform knows no other way for', () => {
    const requests = bench.emulator.control.requests().filter(({ routes }) => !routes.includes('dialog'))
    const exceptions: Record<string, string[]> = { 'TikTok advertiser/get': [], 'Meta debug_token': [] }
    const others: string[] = []
    for (const { platform, routes, target, headers } of requests) {
      const line = `${target} ${headers.referer ?? ''}`
      if (platform === 'tiktok' && routes.includes('accounts'))
        exceptions['TikTok advertiser/get']?.push(line)
      else if (routes.includes('debug_token')) exceptions['Meta debug_token']?.push(line)
      else others.push(line)
    }
    expect(others.length).toBeGreaterThan(100)
    expect(leaksOf(seen.secrets, { urls: others.join('\n') })).toEqual([])
    for (const [name, lines] of Object.entries(exceptions)) {
      const kinds = leaksOf(seen.secrets, { [name]: lines.join('\n') }).map((leak) =>
        leak.replace(/-?\d+/g, ''),
      )
      expect(new Set(kinds)).toEqual(new Set(ADMITTED[name]))
    }
  })

  test('and where something is planted, it is found', async () => {
    await bench.admin.query('CREATE TABLE planted (note bytea)')
    await bench.admin.query('INSERT INTO planted VALUES ($1)', [Buffer.from(PLANTED)])
    await redis.set('planted', Buffer.from(`x${PLANTED}`).toString('base64'))
    await fetch(`${bench.emulator.url}/google/tokeninfo?access_token=${encodeURIComponent(PLANTED)}`)
    const request = bench.emulator.control.requests('google_ads', 'tokeninfo').at(-1)
    const cause = Object.assign(new Error('inner'), { response: { config: { deep: [{ PLANTED }] } } })
    const sinks = {
      postgres: await dumpOfPostgres(),
      redis: await dumpOfRedis(),
      url: request?.target ?? '',
      error: everythingOf(new Error('outer', { cause })),
    }
    const found = leaksOf(new Map([['planted', PLANTED]]), sinks)
    expect(found.map((leak) => leak.split(',')[0]).toSorted()).toEqual([
      'planted in error',
      'planted in postgres',
      'planted in redis',
      'planted in url',
    ])
  })
})

/** What docs/security-exceptions.md owns up to. */
const ADMITTED: Readonly<Record<string, readonly string[]>> = {
  'TikTok advertiser/get': ['tiktok app secret in TikTok advertiser/get, as text'],
  'Meta debug_token': ['meta access token  in Meta debug_token, as text'],
}

function everythingOf(value: unknown): string {
  const shown = [
    inspect(value, { depth: 10, showHidden: true, getters: true, maxArrayLength: null }),
    String(value),
  ]
  const json = JSON.stringify(value)
  if (!(value instanceof Error)) return [...shown, json].join('\n')
  const own = Object.getOwnPropertyNames(value).map((name) =>
    inspect(Reflect.get(value, name), { depth: 10 }),
  )
  return [...shown, json, value.stack, ...own, value.cause && everythingOf(value.cause)].join('\n')
}

async function dumpOfPostgres(): Promise<string> {
  const { rows } = await bench.admin.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c
     WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace`,
  )
  const tables = rows.map(async ({ name }) => {
    const table = await bench.admin.query<{ line: string }>(`SELECT to_jsonb(t)::text AS line FROM ${name} t`)
    return [name, ...table.rows.map(({ line }) => line)].join('\n')
  })
  return (await Promise.all(tables)).join('\n')
}

async function dumpOfRedis(): Promise<string> {
  const keys = await redis.keys('*')
  const values = await Promise.all(
    keys.map(async (key) => ((await redis.type(key)) === 'string' ? redis.get(key) : redis.dump(key))),
  )
  return keys.map((key, index) => `${key} ${values[index] ?? ''}`).join('\n')
}
