import type { Container } from 'inversify'
import { assessEncryptionKey } from '../adapters/aes-gcm/index.ts'
import { checkMigrated } from '../adapters/postgres/index.ts'
import { configFromEnvironment } from '../application/config/environment.ts'
import { read } from '../application/config/read-variable.ts'
import { IDS } from '../application/container/identifiers.ts'
import { isIntegrationError } from '../domain/errors.ts'
import { defaultContainer } from '../root/default-container.ts'
import type { Command } from './commands.ts'
import { databaseUrl, print, readOptions } from './options.ts'

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
    const findings = [...configuration(), ...keys(), ...(await wiring()), await database()]
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
    return [{ level: 'problem', what: messageOf(error) }]
  }
}

function keys(): readonly Finding[] {
  const names = ['INTEGRATION', 'META', 'GOOGLE_ADS', 'TIKTOK', 'KLAVIYO'].map(
    (one) => `${one}_ENCRYPTION_KEY`,
  )
  return names.flatMap((name): Finding[] => {
    const value = process.env[name] ?? ''
    if (value === '') return []
    if (value.length < 32) return [{ level: 'problem', what: `${name} is shorter than 32 characters.` }]
    const quality = assessEncryptionKey(value)
    if (quality === 'random') return [{ level: 'ok', what: `${name} is a random key.` }]
    if (quality === 'weak')
      return [{ level: 'problem', what: `${name} can be guessed; make a new one with integrations keygen.` }]
    return [
      { level: 'warning', what: `${name} is a passphrase; a key from integrations keygen is stronger.` },
    ]
  })
}

/** Problems that show only in a complete container: an invalid address, a KMS or a Redis that cannot be reached. */
async function wiring(): Promise<readonly Finding[]> {
  try {
    const container = await defaultContainer()
    return [await sealing(container), ...(await states(container))]
  } catch (error) {
    return [{ level: 'problem', what: messageOf(error) }]
  }
}

async function sealing(container: Container): Promise<Finding> {
  if (await container.get(IDS.Readiness).isReady())
    return { level: 'ok', what: 'The configuration works, and a sealing key is available.' }
  const advice = 'No sealing key is available.'
  try {
    await container.get(IDS.Cipher).prepare({ purpose: 'state', provider: 'meta', stateHash: '' })
    return { level: 'problem', what: advice }
  } catch (error) {
    return { level: 'problem', what: `${advice} ${messageOf(error)}` }
  }
}

/** Without a Redis the states are in the database, which has a check of its own. */
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
    await checkMigrated({ connectionString: databaseUrl() })
    return { level: 'ok', what: 'The database answers and is up to date.' }
  } catch (error) {
    return { level: 'problem', what: messageOf(error) }
  }
}

function messageOf(error: unknown): string {
  return isIntegrationError(error) ? error.message : 'It failed for a reason outside this library.'
}
