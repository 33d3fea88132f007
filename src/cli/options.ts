import { parseArgs } from 'node:util'
import { read } from '../application/config/read-variable.ts'
import { ConfigInvalidError } from '../domain/errors.ts'

type Values = Readonly<Record<string, string | boolean | undefined>>

/** Reads `--name value` and `--flag`; anything unknown is refused. */
export function readOptions(
  parameters: readonly string[],
  shape: Readonly<Record<string, 'string' | 'boolean'>>,
): { readonly values: Values; readonly json: boolean } {
  const options = Object.fromEntries(
    Object.entries({ ...shape, json: 'boolean' as const }).map(([name, type]) => [name, { type }]),
  )
  try {
    const { values } = parseArgs({ args: [...parameters], options, strict: true })
    return { values, json: values['json'] === true }
  } catch (error) {
    throw new ConfigInvalidError([error instanceof Error ? error.message : 'the options cannot be read'])
  }
}

export function textOption(values: Values, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

/** @throws ConfigInvalidError when the option is given but is not a whole number above 0 */
export function countOption(values: Values, name: string): number | undefined {
  const value = textOption(values, name)
  if (value === undefined) return undefined
  if (!/^[1-9]\d{0,8}$/.test(value))
    throw new ConfigInvalidError([`--${name}: must be a whole number above 0`])
  return Number(value)
}

/**
 * Without the variable a Postgres client would look for a database by itself, which may not be the one that is meant.
 * @throws ConfigInvalidError when it is missing
 */
export function databaseUrl(): string {
  const url = read(process.env, 'DATABASE_URL')
  if (url === undefined) throw new ConfigInvalidError(['DATABASE_URL: is missing'])
  return url
}

export function print(json: boolean, value: unknown, lines: readonly string[]): void {
  process.stdout.write(json ? `${JSON.stringify(value)}\n` : `${lines.join('\n')}\n`)
}
