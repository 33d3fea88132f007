import { ConfigInvalidError } from '../domain/errors.ts'
import { DEFAULT_LABEL } from '../domain/model/identifiers.ts'
import { getAllIntegrationStatuses } from '../root/statuses.ts'
import type { Command } from './commands.ts'
import { print, readOptions, textOption } from './options.ts'

export const status: Command = {
  name: 'status',
  usage: 'status --tenant ID',
  summary: 'shows the state of one tenant’s connections',
  async run(parameters) {
    const { json, values } = readOptions(parameters, { tenant: 'string' })
    const tenant = textOption(values, 'tenant')
    if (tenant === undefined) throw new ConfigInvalidError(['--tenant: is missing'])
    const statuses = await getAllIntegrationStatuses(tenant)
    const lines = statuses.map((one) => {
      const label = one.label === DEFAULT_LABEL ? '' : ` (${one.label})`
      const reason = one.reauthReason === null ? '' : `: ${one.reauthReason}`
      const until = one.tokenExpiresAt === null ? '' : ` until ${one.tokenExpiresAt.toISOString()}`
      const trouble = one.lastError === null ? '' : `, last error ${one.lastError}`
      return `${`${one.provider}${label}`.padEnd(12)} ${one.status}${reason}${until}${trouble}`
    })
    print(json, { statuses }, lines)
    return statuses.some(({ needsReauth }) => needsReauth) ? 1 : 0
  },
}
