import { z } from 'zod'
import { connectionProblem } from '../../adapters/postgres/connection-string.ts'
import type { PostgresPool } from '../../adapters/postgres/postgres-pool.ts'
import type { RedisCommands } from '../../adapters/redis/redis-commands.ts'
import { ConfigInvalidError } from '../../domain/errors.ts'
import { MOUNT_PATH } from '../../domain/model/mount-path.ts'
import { encryption } from './encryption-config.ts'

const text = z.string().min(1)
const origin = z
  .url({ protocol: /^https?$/, abort: true })
  .refine((url) => new URL(url).pathname === '/', 'must be an origin')
const redirectUri = z.url().optional()
/** What all processes together may send for refreshes and verifications of the app; absent: any number. */
const requestsPerSecond = z.number().min(0.2).max(100).optional()
const scopes = z.array(text).optional()

const connectionString = text.superRefine((url, context) => {
  const problem = connectionProblem(url)
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
})

const database = z.union([
  z.literal('memory'),
  z.strictObject({
    connectionString,
    /** Connections of the pool for everything but the hot read. */
    maxConnections: z.int().min(1).default(10),
    /** Own connections on which the hot reads of all callers are pipelined; 0 behind PgBouncer. */
    readConnections: z.int().min(0).max(4).default(1),
  }),
  z.strictObject({ pool: z.custom<PostgresPool>(isPool, 'must be a pg.Pool') }),
])

const providers = z.strictObject({
  meta: z
    .strictObject({
      appId: text,
      appSecret: text,
      redirectUri,
      requestsPerSecond,
      scopes,
      /** Facebook Login for Business: the configuration decides over the scopes. */
      configId: text.optional(),
      /** What it issues: tokens of people unless it says otherwise. */
      configTokens: z.enum(['user', 'system_user', 'system_user_60_days']).optional(),
      endpoints: z.strictObject({ authorization: text, graph: text }).optional(),
    })
    .optional(),
  googleAds: z
    .strictObject({
      clientId: text,
      clientSecret: text,
      developerToken: text.optional(),
      redirectUri,
      requestsPerSecond,
      scopes,
      endpoints: z
        .strictObject({
          authorization: text,
          token: text,
          revoke: text,
          ads: text,
          userinfo: text.optional(),
        })
        .optional(),
    })
    .optional(),
  tiktok: z
    .strictObject({
      appId: text,
      appSecret: text,
      redirectUri,
      requestsPerSecond,
      endpoints: z.strictObject({ authorization: text, api: text }).optional(),
    })
    .optional(),
  klaviyo: z.strictObject({ endpoints: z.strictObject({ api: text }).optional() }).optional(),
  /** Any other standard platform, by its definition. */
  oauth2: z
    .array(
      z.strictObject({
        definition: z.unknown(),
        clientId: text,
        clientSecret: text.optional(),
        redirectUri,
        requestsPerSecond,
        scopes,
      }),
    )
    .default([]),
})

const schema = z.strictObject({
  /** `memory` loses everything with the process: for tests. */
  database,
  /** Keeps the states; without it Postgres does. */
  redis: z
    .union([
      z.strictObject({ url: text }),
      /** Nodes of a Redis Cluster; one that answers is enough to find the others. */
      z.strictObject({ urls: z.array(text).min(1) }),
      z.strictObject({ client: z.custom<RedisCommands>(isRedis, 'must be an ioredis client') }),
    ])
    .optional(),
  encryption,
  /** Where the host is reached: `https://app.example.com`. */
  baseUrl: z.url({ protocol: /^https?$/ }).optional(),
  /** Where the handler is mounted; redirect URI = baseUrl + it + /<provider>/callback. */
  basePath: z
    .string()
    .regex(MOUNT_PATH, 'must be a path such as /api/integrations')
    .default('/api/integrations'),
  allowedReturnOrigins: z.array(origin).default([]),
  requireInitiator: z.boolean().default(false),
  providers: providers.default({ oauth2: [] }),
  /** Talk to the emulator instead of the platforms; loopback only. */
  emulatorUrl: z.url().optional(),
})

/** The configuration as a host writes it, defaults left out. */
export type IntegrationsConfigInput = z.input<typeof schema>
export type IntegrationsConfig = z.output<typeof schema>

/** @throws ConfigInvalidError naming every problem at once, and no value */
export function parseConfig(input: unknown): IntegrationsConfig {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  throw new ConfigInvalidError(parsed.error.issues.flatMap((issue) => problemsOf(issue, [])))
}

type Issue = z.core.$ZodIssue

/** Of a choice it says what is wrong with the alternative that was most likely meant, by the path of the setting. */
function problemsOf(issue: Issue, above: readonly PropertyKey[]): readonly string[] {
  const path = [...above, ...issue.path]
  const meant = issue.code === 'invalid_union' ? nearest(issue.errors) : undefined
  if (meant !== undefined) return meant.flatMap((each) => problemsOf(each, path))
  return [`${path.join('.') || 'config'}: ${issue.message}`]
}

/** None where the value is of no alternative's kind. */
function nearest(alternatives: readonly Issue[][]): readonly Issue[] | undefined {
  return alternatives
    .filter((issues) => issues.some(({ code, path }) => path.length > 0 || code === 'unrecognized_keys'))
    .sort((one, other) => one.length - other.length)[0]
}

function isPool(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'query' in value && 'connect' in value
}

function isRedis(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'getdel' in value && 'evalsha' in value
}
