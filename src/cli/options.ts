import { parseArgs } from 'node:util'
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

export function print(json: boolean, value: unknown, lines: readonly string[]): void {
  process.stdout.write(json ? `${JSON.stringify(value)}\n` : `${lines.join('\n')}\n`)
}
