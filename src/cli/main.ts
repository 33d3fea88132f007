#!/usr/bin/env node
import { isIntegrationError } from '../domain/errors.ts'
import { closeIntegrations } from '../root/default-container.ts'
import { commands } from './commands.ts'
import { printUsage } from './usage.ts'

const [name, ...rest] = process.argv.slice(2)
const command = commands.find((candidate) => candidate.name === name)

if (command === undefined) {
  printUsage(name === undefined || name === '--help' || name === 'help' ? process.stdout : process.stderr)
  process.exitCode = name === undefined || name === '--help' || name === 'help' ? 0 : 2
} else {
  try {
    // After a failure too: a token that was issued may still have to be stored.
    process.exitCode = await command.run(rest).finally(closeIntegrations)
  } catch (error) {
    const said = isIntegrationError(error) ? `${error.message} (${error.code})` : describe(error)
    process.stderr.write(`integrations ${command.name}: ${said}\n`)
    process.exitCode = isIntegrationError(error) && error.code === 'config_invalid' ? 2 : 1
  }
}

/** Messages of drivers may repeat parameters of a connection: only the name and the code are shown. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'failed'
  if (error.name === 'TypeError' && 'code' in error) return error.message
  return 'code' in error ? `${error.name} ${String(error.code)}` : error.name
}
