import { IDS } from '../application/container/identifiers.ts'
import { ConfigInvalidError } from '../domain/errors.ts'
import { defaultContainer } from '../root/default-container.ts'
import type { Command } from './commands.ts'
import { print, readOptions, textOption } from './options.ts'

export const rewrapDataKeys: Command = {
  name: 'rewrap-data-keys',
  usage: 'rewrap-data-keys --to KEY',
  summary: 'wraps every data key under another KMS key; stored values stay as they are',
  async run(parameters) {
    const { json, values } = readOptions(parameters, { to: 'string' })
    const to = textOption(values, 'to')
    if (to === undefined) throw new ConfigInvalidError(['--to: is missing'])
    const container = await defaultContainer()
    if (!container.isBound(IDS.DataKeyRewrapping))
      throw new ConfigInvalidError(['INTEGRATION_KMS_KEY_ID: is missing; there are no data keys without KMS'])
    const outcome = await container.get(IDS.DataKeyRewrapping).run(to)
    const { damaged, kept, rewrapped } = outcome
    print(json, outcome, [
      `${String(rewrapped)} data keys wrapped under the new key, ${String(kept)} already were`,
      ...damaged.map((id) => `damaged: ${id}; restore its row from a backup and run this again`),
    ])
    return damaged.length > 0 ? 1 : 0
  },
}
