import { z } from 'zod'
import { ConfigInvalidError } from '../../../domain/errors.ts'
import { isProviderName } from '../../../domain/model/identifiers.ts'
import { DAY_MS, MINUTE_MS } from '../../../domain/model/time.ts'
import { endpointProblems } from '../http/endpoint.ts'
import { reservedParameters } from './reserved-parameters.ts'

const text = z.string().min(1)
const codes = z.array(text).default([])
const duration = z.int().min(0)
/** A dotted path to a member of a JSON answer, such as `data.0.id`; empty: the answer itself. */
const path = z.string()

function parametersOf(of: 'authorization' | 'token') {
  return z
    .custom<Readonly<Record<string, string>>>(isTextByName, 'must be texts by name')
    .superRefine((parameters, context) => {
      for (const name of reservedParameters(of, Object.getOwnPropertyNames(parameters))) {
        context.addIssue({ code: 'custom', message: `${name} belongs to the protocol` })
      }
    })
    .default({})
}

const rotation = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['none', 'single_use', 'single_use_revoking', 'unknown']) }),
  z.strictObject({ kind: z.literal('grace'), graceMs: z.int().min(1) }),
])

const authorization = z.strictObject({
  clientIdParameter: text.default('client_id'),
  scopes: z.array(text).default([]),
  /** Without these a connection is refused; by default all that are asked for, OpenID Connect's own aside. */
  requiredScopes: z.array(text).optional(),
  scopeSeparator: z.enum([' ', ',', 'none']).default(' '),
  parameters: parametersOf('authorization'),
  pkce: z
    .discriminatedUnion('method', [
      z.strictObject({ method: z.literal('S256') }),
      z.strictObject({ method: z.literal('none'), because: text }),
    ])
    .default({ method: 'S256' }),
  iss: z.strictObject({ value: text, isAlwaysSent: z.boolean() }).optional(),
  codeParameters: z.array(text).min(1).default(['code']),
})

const token = z.strictObject({
  clientAuthentication: z.enum(['basic', 'post']).default('basic'),
  bodyFormat: z.enum(['form', 'json']).default('form'),
  /** Sent with every request to the token and revocation endpoints: a descriptive User-Agent, for one. */
  headers: z.custom<Readonly<Record<string, string>>>(isTextByName, 'must be texts by name').default({}),
  exchangeParameters: parametersOf('token'),
  refreshParameters: parametersOf('token'),
  /** Where the answer itself says whether it is a success, whatever its HTTP status. */
  success: z.strictObject({ path, equals: z.union([z.string(), z.number(), z.boolean()]) }).optional(),
  /** Where in the answer the tokens are. */
  dataPath: path.default(''),
})

const revocation = z.strictObject({
  url: text,
  /** `token`: this grant alone. `subject`: every grant of the person to this app. */
  ends: z.enum(['token', 'subject']),
  isClientAuthenticated: z.boolean().default(true),
})

/** One request that tells who granted and what the grant reaches. */
const identity = z.strictObject({
  url: text,
  /** How the access token is presented; `{token}` stands for it. */
  authorizationHeader: z
    .strictObject({ name: text, value: text.includes('{token}') })
    .default({ name: 'authorization', value: 'Bearer {token}' }),
  headers: z.custom<Readonly<Record<string, string>>>(isTextByName, 'must be texts by name').default({}),
  subject: path.optional(),
  subjectName: path.optional(),
  accounts: z.strictObject({ path, id: path, name: path.optional() }).optional(),
})

/** Error codes of this platform beside those of RFC 6749 §5.2, by what they mean. */
const failures = z.strictObject({
  reauthorize: codes,
  restartFlow: codes,
  permission: codes,
  misconfigured: codes,
  transient: codes,
})

const schema = z
  .strictObject({
    provider: z.string().refine(isProviderName, 'must be lower-case letters, digits and underscores'),
    displayName: text,
    /** What subjects are named under; where the platform has an issuer identifier, that. */
    issuer: text,
    endpoints: z.strictObject({ authorization: text, token: text }),
    authorization: authorization.prefault({}),
    token: token.prefault({}),
    rotation: rotation.default({ kind: 'unknown' }),
    renewal: z.enum(['refresh_token', 'none']).default('refresh_token'),
    revocation: revocation.optional(),
    identity: identity.optional(),
    failures: failures.prefault({}),
    /** Whose requests the platform counts: whom it tells to wait (429), the whole app or one account's connection. */
    throttles: z.enum(['app', 'connection']).default('app'),
    marginMs: duration.default(5 * MINUTE_MS),
    windowMs: duration.default(20 * MINUTE_MS),
    renewAtMostEveryMs: duration.default(0),
    verifyEveryMs: z.int().min(MINUTE_MS).default(DAY_MS),
  })
  .refine(({ renewal, identity: asked }) => renewal !== 'none' || asked !== undefined, {
    message: 'is needed: without renewal nothing else tells whether a credential lives',
    path: ['identity'],
  })

/** A standard platform as data: what a host writes down. */
export type OAuth2Definition = z.input<typeof schema>

/** A definition that was checked, with its defaults filled in. */
export type ParsedDefinition = z.output<typeof schema>

interface DefinitionRules {
  /** Let endpoints be plain HTTP on this machine: for tests and the emulator. */
  readonly allowLoopbackHttp?: boolean | undefined
}

/** @throws ConfigInvalidError naming every problem */
export function parseDefinition(definition: unknown, rules: DefinitionRules = {}): ParsedDefinition {
  const read = readDefinition(definition, rules)
  if ('problems' in read) throw new ConfigInvalidError(read.problems)
  return read.definition
}

/** The same for a caller that has more problems to name. */
export function readDefinition(
  definition: unknown,
  rules: DefinitionRules,
): { readonly definition: ParsedDefinition } | { readonly problems: readonly string[] } {
  const parsed = schema.safeParse(definition)
  if (!parsed.success) return { problems: parsed.error.issues.map(problemOf) }
  const { endpoints, revocation: revoked, identity: asked } = parsed.data
  const urls = {
    'endpoints.authorization': endpoints.authorization,
    'endpoints.token': endpoints.token,
    'revocation.url': revoked?.url,
    'identity.url': asked?.url,
  }
  const problems = endpointProblems(urls, rules)
  return problems.length > 0 ? { problems } : { definition: parsed.data }
}

function problemOf(issue: { readonly path: readonly PropertyKey[]; readonly message: string }): string {
  return `${issue.path.map(String).join('.') || 'definition'}: ${issue.message}`
}

function isTextByName(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((each) => typeof each === 'string')
  )
}
