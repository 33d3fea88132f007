import { IDS } from '../application/container/identifiers.ts'
import type { RotationResult } from '../application/use-cases/rotate-keys.ts'
import { ConfigInvalidError } from '../domain/errors.ts'
import { service } from '../root/default-container.ts'
import type { Command } from './commands.ts'
import { interruptible } from './interruption.ts'
import { countOption, print, readOptions, textOption } from './options.ts'

const DEFAULT_RATE = 500
const DATA_KEY_NAME = /^c1\.k\.[\w-]{22}$/
const PROGRESS_EVERY_MS = 2_000

export const rotateKeys: Command = {
  name: 'rotate-keys',
  usage: 'rotate-keys [--dry-run] [--rate N] [--after CURSOR] [--from c1.k.ID]',
  summary: `seals every stored value again under the current keys, ${String(DEFAULT_RATE)} connections a second; says which keys can be removed`,
  async run(parameters) {
    const options = { 'dry-run': 'boolean', rate: 'string', after: 'string', from: 'string' } as const
    const { json, values } = readOptions(parameters, options)
    const from = textOption(values, 'from')
    if (from !== undefined && !DATA_KEY_NAME.test(from))
      throw new ConfigInvalidError([
        '--from: must be c1.k. and the id of a data key, as rotate-keys prints it',
      ])
    let said = ''
    const printing = setInterval(() => process.stderr.write(said), PROGRESS_EVERY_MS)
    try {
      const rotation = await service(IDS.RotateKeys)
      const result = await interruptible((signal) =>
        rotation.run({
          ratePerSecond: countOption(values, 'rate') ?? DEFAULT_RATE,
          dryRun: values['dry-run'] === true,
          after: textOption(values, 'after'),
          from,
          signal,
          onProgress: ({ cursor = 'the end', resealed, scanned }) => {
            said = `${String(scanned)} values, ${String(resealed)} sealed again, up to ${cursor}\n`
          },
        }),
      )
      print(json, result, linesOf(result, values['dry-run'] === true))
      return result.cursor === undefined && result.unreadable === 0 ? 0 : 1
    } finally {
      clearInterval(printing)
    }
  },
}

function linesOf(result: RotationResult, isDry: boolean): readonly string[] {
  const { byKey, cursor, problems, resealed, retiring, scanned, skipped, unreadable, unreadableByKey } =
    result
  const done = `${String(resealed)} ${isDry ? 'to seal again' : 'sealed again'}`
  return [
    `${String(scanned)} values: ${done}, ${String(skipped)} changed meanwhile, ${String(unreadable)} unreadable`,
    ...Object.entries(byKey).map(([key, count]) => `  ${key} ${String(count)}`),
    ...unreadableByKey.map(
      ({ key, message, values }) => `${String(values)} under ${key} do not open: ${message}`,
    ),
    ...problems.map(
      ({ code, connectionId, field, provider, tenantId }) =>
        `unreadable: ${tenantId} ${provider} ${connectionId} ${field}: ${code}`,
    ),
    ...(unreadable > problems.length ? [`… and ${String(unreadable - problems.length)} more`] : []),
    ...retiring.map((one) => `${one.variable} (${one.key}): ${advice(one, result.isComplete)}`),
    ...(cursor === undefined ? [] : [`Stopped. Continue with: integrations rotate-keys --after ${cursor}`]),
  ]
}

function advice({ isUnused, values }: RotationResult['retiring'][number], isComplete: boolean): string {
  if (isUnused) return 'no value needs it; it can be removed'
  if (values > 0) return `${String(values)} values need it`
  return isComplete ? 'values of the earlier format may need it' : 'not known; only a complete run can tell'
}
