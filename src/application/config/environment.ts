import { ConfigInvalidError } from '../../domain/errors.ts'
import type { ProviderName } from '../../domain/model/identifiers.ts'
import { databaseUrlProblems } from './database-url.ts'
import { encryptionFrom, encryptionProblems, GENERAL_KEY, KMS_KEY_ID } from './encryption-environment.ts'
import type { IntegrationsConfigInput } from './integrations-config.ts'
import { read } from './read-variable.ts'
import type { Environment } from './read-variable.ts'

export type { Environment } from './read-variable.ts'

export interface EnvironmentConfig {
  readonly config: IntegrationsConfigInput
  /** What the providers that are not configured lack, variable by variable. */
  readonly missing: ReadonlyMap<ProviderName, readonly string[]>
}

interface ProviderVariables {
  readonly provider: ProviderName
  readonly prefix: string
  readonly required: readonly string[]
  readonly needsRedirect: boolean
}

const PROVIDERS: readonly ProviderVariables[] = [
  { provider: 'meta', prefix: 'META', required: ['META_APP_ID', 'META_APP_SECRET'], needsRedirect: true },
  {
    provider: 'google_ads',
    prefix: 'GOOGLE_ADS',
    required: ['GOOGLE_ADS_CLIENT_ID', 'GOOGLE_ADS_CLIENT_SECRET'],
    needsRedirect: true,
  },
  {
    provider: 'tiktok',
    prefix: 'TIKTOK',
    required: ['TIKTOK_APP_ID', 'TIKTOK_APP_SECRET'],
    needsRedirect: true,
  },
  { provider: 'klaviyo', prefix: 'KLAVIYO', required: [], needsRedirect: false },
]

/**
 * The configuration of the root functions. A provider's variables are required when it is used, not before.
 * @throws ConfigInvalidError when DATABASE_URL or every key is missing, or a variable has a value that cannot be meant, naming
 * all of it
 */
export function configFromEnvironment(env: Environment): EnvironmentConfig {
  const problems = [...databaseUrlProblems(env), ...encryptionProblems(env, PROVIDERS.map(keyVariable))]
  if (problems.length > 0) throw new ConfigInvalidError(problems)
  const missing = new Map(
    PROVIDERS.map((one) => [one.provider, lacking(env, one)] as const).filter(
      ([, names]) => names.length > 0,
    ),
  )
  return { config: assemble(env, missing), missing }
}

const VARIABLES: Readonly<Record<string, string>> = {
  baseUrl: 'NEXT_PUBLIC_URL',
  basePath: 'INTEGRATIONS_BASE_PATH',
  emulatorUrl: 'INTEGRATIONS_EMULATOR_URL',
  'database.connectionString': 'DATABASE_URL',
  'database.readConnections': 'INTEGRATIONS_READ_CONNECTIONS',
  'redis.url': 'REDIS_URL',
  'redis.urls': 'REDIS_URL',
  'encryption.kms.endpoint': 'INTEGRATION_KMS_ENDPOINT',
  'encryption.kms.opensOnly': 'INTEGRATION_KMS_OPENS_ONLY',
  'encryption.legacyUntil': 'INTEGRATION_LEGACY_UNTIL',
  'encryption.previousKeys': 'INTEGRATION_ENCRYPTION_KEY_PREVIOUS',
  'encryption.byProvider.meta.previousKeys': 'META_ENCRYPTION_KEY_PREVIOUS',
  'encryption.byProvider.google_ads.previousKeys': 'GOOGLE_ADS_ENCRYPTION_KEY_PREVIOUS',
  'encryption.byProvider.tiktok.previousKeys': 'TIKTOK_ENCRYPTION_KEY_PREVIOUS',
  'encryption.byProvider.klaviyo.previousKeys': 'KLAVIYO_ENCRYPTION_KEY_PREVIOUS',
  'providers.meta.redirectUri': 'META_REDIRECT_URI',
  'providers.googleAds.redirectUri': 'GOOGLE_ADS_REDIRECT_URI',
  'providers.tiktok.redirectUri': 'TIKTOK_REDIRECT_URI',
  'providers.meta.requestsPerSecond': 'META_REQUESTS_PER_SECOND',
  'providers.googleAds.requestsPerSecond': 'GOOGLE_ADS_REQUESTS_PER_SECOND',
  'providers.tiktok.requestsPerSecond': 'TIKTOK_REQUESTS_PER_SECOND',
}

/** What the configuration calls a setting is not what an operator called it: names the variable instead. */
export function nameVariables({ problems }: ConfigInvalidError): ConfigInvalidError {
  return new ConfigInvalidError(
    problems.map((problem) => {
      const path = problem.slice(0, problem.indexOf(':'))
      // One of several in a list has the list's variable.
      const variable = VARIABLES[path.replace(/\.\d+$/, '')]
      return variable === undefined ? problem : variable + problem.slice(path.length)
    }),
  )
}

function assemble(env: Environment, missing: EnvironmentConfig['missing']): IntegrationsConfigInput {
  const redis = redisOf(read(env, 'REDIS_URL'))
  const baseUrl = originOf(read(env, 'NEXT_PUBLIC_URL'))
  const basePath = read(env, 'INTEGRATIONS_BASE_PATH')
  const readConnections = read(env, 'INTEGRATIONS_READ_CONNECTIONS')
  const emulatorUrl = read(env, 'INTEGRATIONS_EMULATOR_URL')
  return {
    database: {
      connectionString: read(env, 'DATABASE_URL') ?? '',
      ...(readConnections === undefined ? {} : { readConnections: Number(readConnections) }),
    },
    encryption: encryptionFrom(env, new Map(PROVIDERS.map((one) => [one.provider, keyVariable(one)]))),
    providers: providersOf(env, missing),
    ...(redis === undefined ? {} : { redis }),
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(basePath === undefined ? {} : { basePath }),
    ...(emulatorUrl === undefined ? {} : { emulatorUrl }),
  }
}

function providersOf(
  env: Environment,
  missing: EnvironmentConfig['missing'],
): NonNullable<IntegrationsConfigInput['providers']> {
  const is = (provider: ProviderName): boolean => !missing.has(provider)
  const of = (name: string): string => read(env, name) ?? ''
  const common = (prefix: string): { redirectUri?: string; requestsPerSecond?: number } => {
    const redirectUri = read(env, `${prefix}_REDIRECT_URI`)
    const requestsPerSecond = read(env, `${prefix}_REQUESTS_PER_SECOND`)
    return {
      ...(redirectUri === undefined ? {} : { redirectUri }),
      ...(requestsPerSecond === undefined ? {} : { requestsPerSecond: Number(requestsPerSecond) }),
    }
  }
  const configId = read(env, 'META_CONFIG_ID')
  const developerToken = read(env, 'GOOGLE_ADS_DEVELOPER_TOKEN')
  return {
    ...(is('meta')
      ? {
          meta: {
            appId: of('META_APP_ID'),
            appSecret: of('META_APP_SECRET'),
            ...(configId === undefined ? {} : { configId }),
            ...common('META'),
          },
        }
      : {}),
    ...(is('google_ads')
      ? {
          googleAds: {
            clientId: of('GOOGLE_ADS_CLIENT_ID'),
            clientSecret: of('GOOGLE_ADS_CLIENT_SECRET'),
            ...(developerToken === undefined ? {} : { developerToken }),
            ...common('GOOGLE_ADS'),
          },
        }
      : {}),
    ...(is('tiktok')
      ? { tiktok: { appId: of('TIKTOK_APP_ID'), appSecret: of('TIKTOK_APP_SECRET'), ...common('TIKTOK') } }
      : {}),
    ...(is('klaviyo') ? { klaviyo: {} } : {}),
  }
}

function lacking(
  env: Environment,
  { prefix, required, needsRedirect }: ProviderVariables,
): readonly string[] {
  const names = required.filter((name) => read(env, name) === undefined)
  const hasKey = [KMS_KEY_ID, GENERAL_KEY, `${prefix}_ENCRYPTION_KEY`].some(
    (name) => read(env, name) !== undefined,
  )
  const hasRedirect = [`${prefix}_REDIRECT_URI`, 'NEXT_PUBLIC_URL'].some(
    (name) => read(env, name) !== undefined,
  )
  return [
    ...names.map((name) => `${name}: is missing`),
    ...(hasKey ? [] : [`${prefix}_ENCRYPTION_KEY or ${GENERAL_KEY}: is missing`]),
    ...(needsRedirect && !hasRedirect ? [`NEXT_PUBLIC_URL or ${prefix}_REDIRECT_URI: is missing`] : []),
  ]
}

/** Several URLs, separated by commas, are nodes of a Redis Cluster. */
function redisOf(text: string | undefined): { url: string } | { urls: string[] } | undefined {
  if (text === undefined) return undefined
  const [url = '', ...more] = text.split(',').map((each) => each.trim())
  return more.length === 0 ? { url } : { urls: [url, ...more] }
}

function keyVariable({ prefix }: ProviderVariables): string {
  return `${prefix}_ENCRYPTION_KEY`
}

function originOf(url: string | undefined): string | undefined {
  return url?.replace(/\/+$/, '')
}
