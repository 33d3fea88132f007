import { ConfigInvalidError } from '../domain/errors.ts'
import { DEFAULT_LABEL } from '../domain/model/identifiers.ts'
import { getAllIntegrationStatuses, getConnectionsNeedingAttention } from '../root/statuses.ts'
import type { Command } from './commands.ts'
import { countOption, print, readOptions, textOption } from './options.ts'

export const status: Command = {
  name: 'status',
  usage: 'status (--tenant ID | --all [--limit N])',
  summary: 'shows the state of one tenant’s connections, or what needs attention of all tenants',
  async run(parameters) {
    const { json, values } = readOptions(parameters, { tenant: 'string', all: 'boolean', limit: 'string' })
    const tenant = textOption(values, 'tenant')
    if ((tenant === undefined) !== (values['all'] === true))
      throw new ConfigInvalidError(['status: takes either --tenant or --all'])
    if (tenant === undefined) return ofAllTenants(json, countOption(values, 'limit'))
    const statuses = await getAllIntegrationStatuses(tenant)
    const lines = statuses.map((one) => {
      const until = one.tokenExpiresAt === null ? '' : ` until ${one.tokenExpiresAt.toISOString()}`
      const end = endOf(one.isExpiring ? one.grantExpiresAt : null)
      return `${nameOf(one).padEnd(12)} ${one.status}${until}${causeOf(one.reauthReason, one.lastError)}${end}`
    })
    print(json, { statuses }, lines)
    return statuses.some(({ needsReauth }) => needsReauth) ? 1 : 0
  },
}

async function ofAllTenants(json: boolean, limit: number | undefined): Promise<number> {
  const { connections, isMore } = await getConnectionsNeedingAttention(limit === undefined ? {} : { limit })
  const lines = connections.map((one) => {
    const cause = causeOf(one.reauthReason, one.lastError)
    return `${one.tenantId} ${nameOf(one)} ${one.status}${cause}${endOf(one.grantExpiresAt)}`
  })
  if (lines.length === 0) lines.push('Nothing needs attention.')
  if (isMore) lines.push(`… and more than these ${connections.length}`)
  print(json, { connections, isMore }, lines)
  return connections.length > 0 ? 1 : 0
}

function nameOf({ label, provider }: { readonly label: string; readonly provider: string }): string {
  return label === DEFAULT_LABEL ? provider : `${provider} (${label})`
}

/** Why a connection ended says more than how its last attempt failed. */
function causeOf(reason: string | null, lastError: string | null): string {
  if (reason !== null) return `: ${reason}`
  return lastError === null ? '' : `, last error ${lastError}`
}

/** Refreshes do not put this off: only a new consent does. */
function endOf(at: Date | null): string {
  if (at === null) return ''
  return `, grant ${at.getTime() > Date.now() ? 'ends' : 'ended'} ${at.toISOString()}: connect again`
}
