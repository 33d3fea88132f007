#!/usr/bin/env node
import { isIntegrationError } from '../domain/errors.ts'
import { closeIntegrations } from '../root/default-container.ts'
import { commands } from './commands.ts'
import type { Command } from './commands.ts'
import { usageOf, usageOfAll } from './usage.ts'
import { version } from './version.ts'

const HELP: ReadonlySet<string | undefined> = new Set(['--help', '-h'])

const [name, ...rest] = process.argv.slice(2)
const command = commands.find((candidate) => candidate.name === name)

if (command !== undefined && rest.some((parameter) => HELP.has(parameter))) {
  process.stdout.write(usageOf(command))
} else if (command !== undefined) {
  process.exitCode = await exitCodeOf(command, rest)
} else if (name === '--version' || name === '-v') {
  process.stdout.write(`${version()}\n`)
} else if (name === undefined || name === 'help' || HELP.has(name)) {
  process.stdout.write(usageOfAll(commands))
} else {
  process.stderr.write(`integrations: there is no command ${name}\n\n${usageOfAll(commands)}`)
  process.exitCode = 2
}

async function exitCodeOf(given: Command, parameters: readonly string[]): Promise<number> {
  try {
    // After a failure too: a token that was issued may still have to be stored.
    return await given.run(parameters).finally(closeIntegrations)
  } catch (error) {
    const said = isIntegrationError(error) ? `${error.code}: ${error.message}` : describe(error)
    process.stderr.write(`integrations ${given.name}: ${said}\n`)
    return isIntegrationError(error) && error.code === 'config_invalid' ? 2 : 1
  }
}

/** Messages of drivers may repeat parameters of a connection: only the name and the code are shown. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'failed'
  if (error.name === 'TypeError' && 'code' in error) return error.message
  return 'code' in error ? `${error.name} ${String(error.code)}` : error.name
}
