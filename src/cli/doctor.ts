import type { Container } from 'inversify'
import { assessEncryptionKey, keyProblem } from '../adapters/aes-gcm/index.ts'
import { checkMigrated } from '../adapters/postgres/index.ts'
import { databaseUrl } from '../application/config/database-url.ts'
import { configFromEnvironment } from '../application/config/environment.ts'
import { read } from '../application/config/read-variable.ts'
import { IDS } from '../application/container/identifiers.ts'
import { ConfigInvalidError, isIntegrationError } from '../domain/errors.ts'
import { closeIntegrations, defaultContainer } from '../root/default-container.ts'
import type { Command } from './commands.ts'
import { print, readOptions } from './options.ts'

interface Finding {
  readonly level: 'ok' | 'warning' | 'problem'
  readonly what: string
}

export const doctor: Command = {
  name: 'doctor',
  usage: 'doctor',
  summary: 'checks configuration, keys, database and Redis, and says what to do',
  async run(parameters) {
    const { json } = readOptions(parameters, {})
    const findings = unique([...configuration(), ...keys(), ...(await wiring()), await database()])
    print(
      json,
      { findings },
      findings.map(({ level, what }) => `${level.padEnd(8)} ${what}`),
    )
    return findings.some(({ level }) => level === 'problem') ? 1 : 0
  },
}

function configuration(): readonly Finding[] {
  try {
    const { missing } = configFromEnvironment(process.env)
    if (missing.size === 0) return [{ level: 'ok', what: 'All four platforms are configured.' }]
    return [...missing].map(([provider, lacks]) => ({
      level: 'warning',
      what: `${provider} cannot be used: ${lacks.join('; ')}`,
    }))
  } catch (error) {
    return problemsOf(error)
  }
}

function keys(): readonly Finding[] {
  const names = ['INTEGRATION', 'META', 'GOOGLE_ADS', 'TIKTOK', 'KLAVIYO'].map(
    (one) => `${one}_ENCRYPTION_KEY`,
  )
  return names.flatMap((name): Finding[] => {
    const value = process.env[name] ?? ''
    if (value === '') return []
    const problem = keyProblem(name, value)
    if (problem !== undefined) return [{ level: 'problem', what: problem }]
    const quality = assessEncryptionKey(value)
    if (quality === 'random') return [{ level: 'ok', what: `${name} is a random key.` }]
    if (quality === 'weak')
      return [{ level: 'problem', what: `${name} can be guessed; make one with integrations keygen.` }]
    return [{ level: 'warning', what: `${name} is a passphrase; a key of integrations keygen is stronger.` }]
  })
}

/** What shows only once everything is put together: an address that is none, a KMS or a Redis that cannot be reached. */
async function wiring(): Promise<readonly Finding[]> {
  try {
    const container = await defaultContainer()
    return [await sealing(container), ...(await states(container))]
  } catch (error) {
    return problemsOf(error)
  } finally {
    await closeIntegrations()
  }
}

async function sealing(container: Container): Promise<Finding> {
  if (await container.get(IDS.Readiness).isReady())
    return { level: 'ok', what: 'Everything can be put together, and a key to seal with can be had.' }
  const advice = 'No key to seal with can be had.'
  try {
    await container.get(IDS.Cipher).prepare({ purpose: 'state', provider: 'meta', stateHash: '' })
    return { level: 'problem', what: advice }
  } catch (error) {
    return { level: 'problem', what: `${advice} ${messageOf(error)}` }
  }
}

/** Without a Redis the states are in the database, which is looked at by itself. */
async function states(container: Container): Promise<readonly Finding[]> {
  if (read(process.env, 'REDIS_URL') === undefined) return []
  try {
    await container.get(IDS.StateStore).consume('a key that no state has')
    return [{ level: 'ok', what: 'Redis answers.' }]
  } catch (error) {
    return [{ level: 'problem', what: messageOf(error) }]
  }
}

async function database(): Promise<Finding> {
  try {
    await checkMigrated({ connectionString: databaseUrl(process.env) })
    return { level: 'ok', what: 'The database answers and is up to date.' }
  } catch (error) {
    return { level: 'problem', what: messageOf(error) }
  }
}

/** Several checks may meet the same problem. */
function unique(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.map((finding) => [finding.what, finding])).values()]
}

/** Each by itself. */
function problemsOf(error: unknown): readonly Finding[] {
  const problems = error instanceof ConfigInvalidError ? error.problems : [messageOf(error)]
  return problems.map((what) => ({ level: 'problem', what }))
}

function messageOf(error: unknown): string {
  if (error instanceof ConfigInvalidError) return error.problems.join('; ')
  return isIntegrationError(error) ? error.message : 'It failed for a reason that is none of the library’s.'
}
