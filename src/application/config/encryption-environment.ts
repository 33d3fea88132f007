import type { ProviderName } from '../../domain/model/identifiers.ts'
import type { IntegrationsConfigInput } from './integrations-config.ts'
import { read } from './read-variable.ts'
import type { Environment } from './read-variable.ts'

type EncryptionInput = IntegrationsConfigInput['encryption']
type KmsInput = NonNullable<EncryptionInput['kms']>
type LocalKeys = { readonly key: string; readonly previousKeys: string[] }

export const GENERAL_KEY = 'INTEGRATION_ENCRYPTION_KEY'
export const KMS_KEY_ID = 'INTEGRATION_KMS_KEY_ID'
const PARTITIONING = 'INTEGRATION_KMS_PARTITIONING'
const OPENS_ONLY = 'INTEGRATION_KMS_OPENS_ONLY'
const LEGACY_UNTIL = 'INTEGRATION_LEGACY_UNTIL'

const DEFAULT_APP = 'integrations'
const PARTITIONINGS = ['all', 'hash', 'tenant'] as const

/** `keyVariables`: what the key of a provider's own is called. */
export function encryptionFrom(
  env: Environment,
  keyVariables: ReadonlyMap<ProviderName, string>,
): EncryptionInput {
  const own = [...keyVariables].flatMap(([provider, name]) => {
    const key = keyOf(env, name)
    return key === undefined ? [] : [[provider, key] as const]
  })
  const service = kmsFrom(env)
  const legacyUntil = read(env, LEGACY_UNTIL)
  return {
    ...keyOf(env, GENERAL_KEY),
    byProvider: Object.fromEntries(own),
    ...(service === undefined ? {} : { kms: service }),
    ...(legacyUntil === undefined ? {} : { legacyUntil }),
  }
}

/** What is wrong, by the names of the variables. */
export function encryptionProblems(env: Environment, keyVariables: readonly string[]): readonly string[] {
  const [opensOnly, until] = [read(env, OPENS_ONLY), read(env, LEGACY_UNTIL)]
  const names = [GENERAL_KEY, ...keyVariables]
  return [
    ...([KMS_KEY_ID, ...names].every((name) => read(env, name) === undefined)
      ? [`${GENERAL_KEY}: is missing; integrations keygen prints one`]
      : []),
    ...names.flatMap((name) => previousProblem(env, name)),
    ...(read(env, PARTITIONING) !== undefined && partitioningOf(env) === undefined
      ? [`${PARTITIONING}: must be all, hash or tenant`]
      : []),
    ...(opensOnly === undefined || opensOnly === 'true' || opensOnly === 'false'
      ? []
      : [`${OPENS_ONLY}: must be true or false`]),
    ...(until === undefined || /^\d{4}-\d\d-\d\d/.test(until)
      ? []
      : [`${LEGACY_UNTIL}: must be a date such as 2030-01-31`]),
  ]
}

function kmsFrom(env: Environment): KmsInput | undefined {
  const keyId = read(env, KMS_KEY_ID)
  if (keyId === undefined) return undefined
  const [endpoint, partitioning] = [read(env, 'INTEGRATION_KMS_ENDPOINT'), partitioningOf(env)]
  return {
    keyId,
    app: read(env, 'INTEGRATION_KMS_APP') ?? DEFAULT_APP,
    opensOnly: read(env, OPENS_ONLY) === 'true',
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(partitioning === undefined ? {} : { partitioning }),
  }
}

function partitioningOf(env: Environment): KmsInput['partitioning'] {
  return PARTITIONINGS.find((one) => one === read(env, PARTITIONING))
}

function keyOf(env: Environment, name: string): LocalKeys | undefined {
  const key = read(env, name)
  return key === undefined ? undefined : { key, previousKeys: parsePrevious(env, name) ?? [] }
}

function previousProblem(env: Environment, name: string): readonly string[] {
  const previous = parsePrevious(env, name)
  if (previous === undefined) return [`${name}_PREVIOUS: must be a JSON array of keys`]
  if (previous.length === 0 || read(env, name) !== undefined) return []
  const advice = name === GENERAL_KEY ? '' : `; a platform's former key belongs in ${GENERAL_KEY}_PREVIOUS`
  return [`${name}_PREVIOUS: needs ${name} as well${advice}`]
}

function parsePrevious(env: Environment, name: string): string[] | undefined {
  const text = read(env, `${name}_PREVIOUS`)
  if (text === undefined) return []
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && value.every((key) => typeof key === 'string') ? value : undefined
  } catch {
    return undefined
  }
}
