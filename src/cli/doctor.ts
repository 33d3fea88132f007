import type { Container } from 'inversify'
import { assessEncryptionKey, keyProblem } from '../adapters/aes-gcm/index.ts'
import { checkMigrated } from '../adapters/postgres/index.ts'
import { databaseUrl } from '../application/config/database-url.ts'
import { configFromEnvironment } from '../application/config/environment.ts'
import { read } from '../application/config/read-variable.ts'
import { IDS } from '../application/container/identifiers.ts'
import type { RotationResult } from '../application/use-cases/rotate-keys.ts'
import { ConfigInvalidError, isIntegrationError } from '../domain/errors.ts'
import { defaultContainer } from '../root/default-container.ts'
import type { Command } from './commands.ts'
import { print, readOptions } from './options.ts'
import { dueByPlatform } from './overdue.ts'

const MAX_VALUES = 2_000
const MAX_KEYS = 10

interface Finding {
  readonly level: 'ok' | 'warning' | 'problem'
  readonly what: string
}

export const doctor: Command = {
  name: 'doctor',
  usage: 'doctor',
  summary:
    'checks configuration, keys, database, Redis, stored values and what is overdue, and says what to do',
  async run(parameters) {
    const { json } = readOptions(parameters, {})
    const stored = await database()
    const findings = unique([...configuration(), ...keys(), stored, ...(await wiring(stored.level === 'ok'))])
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
      return [{ level: 'problem', what: `${name} can be guessed; make a new one with integrations keygen.` }]
    return [
      { level: 'warning', what: `${name} is a passphrase; a key from integrations keygen is stronger.` },
    ]
  })
}

/** Problems that show only in a complete container: an invalid address, a KMS or a Redis that cannot be reached. */
async function wiring(hasValues: boolean): Promise<readonly Finding[]> {
  try {
    const container = await defaultContainer()
    const findings = [await sealing(container), ...(await states(container))]
    return hasValues
      ? [...findings, ...(await storedValues(container)), ...(await overdue(container))]
      : findings
  } catch (error) {
    return problemsOf(error)
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

/** Whether the keys that are configured open what is stored. It ends after so many values, however many there are. */
async function storedValues(container: Container): Promise<readonly Finding[]> {
  const enough = new AbortController()
  try {
    const result = await container.get(IDS.RotateKeys).run({
      dryRun: true,
      signal: enough.signal,
      onProgress: ({ scanned }) => {
        if (scanned >= MAX_VALUES) enough.abort()
      },
    })
    return result.unreadable === 0 ? [readable(result)] : unreadable(result)
  } catch (error) {
    return [{ level: 'problem', what: `Stored values could not be looked at. ${messageOf(error)}` }]
  }
}

function readable({ cursor, scanned }: RotationResult): Finding {
  if (scanned === 0) return { level: 'ok', what: 'No value is stored yet.' }
  const what =
    cursor === undefined
      ? `All ${String(scanned)} stored values open.`
      : `The first ${String(scanned)} stored values open; integrations rotate-keys --dry-run opens all.`
  return { level: 'ok', what }
}

function unreadable({ scanned, unreadableByKey }: RotationResult): readonly Finding[] {
  const named = unreadableByKey.slice(0, MAX_KEYS).map(({ key, message, values }): Finding => ({
    level: 'problem',
    what: `${String(values)} of the ${String(scanned)} values looked at do not open, under ${key}: ${message}`,
  }))
  const others = unreadableByKey.length - named.length
  if (others === 0) return named
  return [...named, { level: 'problem', what: `… and under ${String(others)} more keys` }]
}

/** What nobody refreshes. */
async function overdue(container: Container): Promise<readonly Finding[]> {
  try {
    const platforms = (await dueByPlatform(container)).filter((one) => one.overdue > 0)
    return platforms.map(({ isConfigured, overdue: connections, provider }) => {
      const advice = isConfigured
        ? 'check that a process runs the refresh job, and that the platform does not keep it waiting'
        : 'it is not configured here: configure it, or disconnect them'
      const what = `${provider}: ${String(connections)} due for more than an hour; ${advice}.`
      return { level: 'problem', what }
    })
  } catch (error) {
    return [{ level: 'problem', what: `What is due could not be counted. ${messageOf(error)}` }]
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
  return isIntegrationError(error) ? error.message : 'It failed for a reason outside this library.'
}
