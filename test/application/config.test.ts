import { describe, expect, test } from 'vitest'
import { configFromEnvironment, nameVariables } from '../../src/application/config/environment.ts'
import type { Environment } from '../../src/application/config/environment.ts'
import { parseConfig } from '../../src/application/config/integrations-config.ts'
import { createIntegrationsContainer } from '../../src/application/container/create-integrations-container.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import { ConfigInvalidError } from '../../src/domain/errors.ts'

const KEY = 'abcdefghijklmnopqrstuvwxyz123456'
const BASE = { DATABASE_URL: 'postgres://localhost/app', INTEGRATION_ENCRYPTION_KEY: KEY }

function problemsOf(work: () => unknown): readonly string[] {
  try {
    work()
  } catch (error) {
    if (error instanceof ConfigInvalidError) return error.problems
  }
  return []
}

describe('the environment', () => {
  test('lacks nothing of a platform that is not used, and names what each of them lacks', () => {
    const { config, missing } = configFromEnvironment(BASE)
    expect(config.providers).toEqual({ klaviyo: {} })
    expect(missing.get('meta')).toEqual([
      'META_APP_ID: is missing',
      'META_APP_SECRET: is missing',
      'NEXT_PUBLIC_URL or META_REDIRECT_URI: is missing',
    ])
    expect(missing.has('klaviyo')).toBe(false)
  })

  test('names every wrong variable at once, and no value', () => {
    const problems = problemsOf(() =>
      configFromEnvironment({ META_ENCRYPTION_KEY: KEY, META_ENCRYPTION_KEY_PREVIOUS: 'not json' }),
    )
    expect(problems).toHaveLength(2)
    expect(problems.join()).toContain('DATABASE_URL')
    expect(problems.join()).toContain('META_ENCRYPTION_KEY_PREVIOUS')
    expect(problems.join()).not.toContain('not json')
  })

  test('refuses a database that cannot be meant, as a variable and as a setting, and repeats nothing of it', () => {
    const connectionString = 'mysql://app:s3cret@db/app'
    const asVariable = problemsOf(() => configFromEnvironment({ ...BASE, DATABASE_URL: connectionString }))
    expect(asVariable).toEqual([expect.stringMatching(/^DATABASE_URL: must be a URL/)])
    const asSetting = problemsOf(() =>
      parseConfig({ database: { connectionString }, encryption: { key: KEY } }),
    )
    expect(asSetting).toEqual([expect.stringMatching(/^database\.connectionString: must be a URL/)])
    expect([asVariable, asSetting].join()).not.toContain('s3cret')
  })

  test('takes an empty variable for none', () => {
    expect(problemsOf(() => configFromEnvironment({ ...BASE, DATABASE_URL: ' ' }))).toHaveLength(1)
  })

  test('says how many connections the hot read has, none behind PgBouncer', () => {
    const { config } = configFromEnvironment({ ...BASE, INTEGRATIONS_READ_CONNECTIONS: '0' })
    expect(parseConfig(config).database).toMatchObject({ readConnections: 0 })
    const wrong = configFromEnvironment({ ...BASE, INTEGRATIONS_READ_CONNECTIONS: 'many' }).config
    expect(problemsOf(() => parseConfig(wrong))).toEqual([
      expect.stringMatching(/^database\.readConnections: /),
    ])
  })

  test('names the configuration of Facebook Login for Business, and what it issues is a setting beside it', () => {
    const app = { META_APP_ID: 'm', META_APP_SECRET: 's', NEXT_PUBLIC_URL: 'https://app.example.com' }
    const { config } = configFromEnvironment({ ...BASE, ...app, META_CONFIG_ID: '777' })
    const dialogOf = (providers: typeof config.providers): URLSearchParams => {
      const input = { ...config, database: 'memory' as const, ...(providers && { providers }) }
      const client = createIntegrationsContainer(input).get(IDS.ProviderRegistry).oauth('meta')
      return new URL(client.authorizationUrl({ state: 'state' })).searchParams
    }
    const override = 'override_default_response_type'
    const plain = dialogOf(config.providers)
    expect([plain.get('config_id'), plain.has(override)]).toEqual(['777', false])
    const meta = { appId: 'm', appSecret: 's', configId: '777', configTokens: 'system_user' } as const
    expect(dialogOf({ meta }).get(override)).toBe('true')
  })

  test('gives each platform its budget, and refuses one that is none', () => {
    const apps = {
      ...{ META_APP_ID: 'm', META_APP_SECRET: 's', TIKTOK_APP_ID: 't', TIKTOK_APP_SECRET: 's' },
      ...{
        GOOGLE_ADS_CLIENT_ID: 'g',
        GOOGLE_ADS_CLIENT_SECRET: 's',
        NEXT_PUBLIC_URL: 'https://app.example.com',
      },
    }
    const budgetsOf = (budgets: Record<string, string>): readonly unknown[] => {
      const { config } = configFromEnvironment({ ...BASE, ...apps, ...budgets })
      const clients = createIntegrationsContainer({ ...config, database: 'memory' }).get(IDS.ProviderRegistry)
      return ['meta', 'google_ads', 'tiktok'].map(
        (name) => clients.oauth(name).authorization.requestsPerSecond,
      )
    }
    expect(budgetsOf({})).toEqual([undefined, undefined, undefined])
    const budgets = { META_REQUESTS_PER_SECOND: '10', GOOGLE_ADS_REQUESTS_PER_SECOND: '0.5' }
    expect(budgetsOf({ ...budgets, TIKTOK_REQUESTS_PER_SECOND: '20' })).toEqual([10, 0.5, 20])
    for (const wrong of ['many', '0', '-1', '1000']) {
      expect(problemsOf(() => budgetsOf({ META_REQUESTS_PER_SECOND: wrong })).join()).toContain(
        'requestsPerSecond',
      )
    }
  })
})

test.each([
  ['NEXT_PUBLIC_URL', 'app.example.com'],
  ['INTEGRATIONS_READ_CONNECTIONS', 'many'],
  ['INTEGRATIONS_READ_CONNECTIONS', '5'],
  ['REDIS_URL', 'redis://one,,redis://two'],
  ['INTEGRATION_KMS_ENDPOINT', 'nowhere'],
  ['INTEGRATION_KMS_ENDPOINT', 'https://kms.example.com'],
  ['INTEGRATION_LEGACY_UNTIL', '2030-13-01'],
  ['INTEGRATION_ENCRYPTION_KEY_PREVIOUS', '[""]'],
  ['META_ENCRYPTION_KEY_PREVIOUS', '[""]'],
])('a problem with a setting names the variable that it came from: %s=%s', (variable, value) => {
  const env = { ...BASE, META_ENCRYPTION_KEY: KEY, INTEGRATION_KMS_KEY_ID: 'alias/tokens' }
  const named = problemsNamed({ ...env, [variable]: value })
  expect(named).toEqual([expect.stringMatching(new RegExp(`^${variable}: `))])
})

test('a service that only opens needs a key beside it, and is called by its variable', () => {
  const { INTEGRATION_ENCRYPTION_KEY: _key, ...rest } = BASE
  const env = { ...rest, INTEGRATION_KMS_KEY_ID: 'alias/tokens', INTEGRATION_KMS_OPENS_ONLY: 'true' }
  expect(problemsNamed(env)).toEqual(['INTEGRATION_KMS_OPENS_ONLY: needs a key that seals'])
})

function problemsNamed(env: Environment): readonly string[] {
  const { config } = configFromEnvironment(env)
  return problemsOf(() => {
    try {
      parseConfig(config)
    } catch (error) {
      throw error instanceof ConfigInvalidError ? nameVariables(error) : error
    }
  })
}

describe('a configuration', () => {
  test('with an unknown member is refused', () => {
    const problems = problemsOf(() =>
      parseConfig({ database: 'memory', encryption: { key: KEY }, databse: 'x' }),
    )
    expect(problems.join()).toContain('databse')
  })

  test.each([
    ['database.connectionString', { database: { connectionStrng: 'x' } }],
    ['connectionStrng', { database: { connectionString: 'postgres://x', connectionStrng: 'x' } }],
    ['database.maxConnections', { database: { connectionString: 'postgres://x', maxConnections: 0 } }],
    ['database.pool', { database: { pool: 5 } }],
    ['database: ', { database: 5 }],
    ['redis.url', { redis: { url: 6379 } }],
    ['redis.client', { redis: { client: {} } }],
    ['allowedReturnOrigins.0', { allowedReturnOrigins: ['nowhere'] }],
  ])('that is wrong further down says where: %s', (where, part) => {
    const problems = problemsOf(() => parseConfig({ database: 'memory', encryption: { key: KEY }, ...part }))
    expect(problems.join()).toContain(where)
  })

  test('has its defaults filled in', () => {
    expect(parseConfig({ database: 'memory', encryption: { key: KEY } })).toMatchObject({
      basePath: '/api/integrations',
      allowedReturnOrigins: [],
      requireInitiator: false,
    })
  })
})

test('a container names the problems of keys and platforms together', () => {
  const problems = problemsOf(() =>
    createIntegrationsContainer({
      database: 'memory',
      encryption: { key: 'too short', byProvider: { meta: { key: 'short as well' } } },
      providers: {
        meta: { appId: 'a', appSecret: 'b' },
        tiktok: { appId: 'a', appSecret: 'b' },
      },
    }),
  )
  expect(problems).toHaveLength(4)
  expect(problems.join()).toMatch(/INTEGRATION_ENCRYPTION_KEY.*META_ENCRYPTION_KEY.*meta.*tiktok/)
})
