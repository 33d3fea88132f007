import { IDS } from '../application/container/identifiers.ts'
import { ConfigInvalidError } from '../domain/errors.ts'
import { DEFAULT_LABEL } from '../domain/model/identifiers.ts'
import { service } from '../root/default-container.ts'
import { getAllIntegrationStatuses } from '../root/statuses.ts'
import type { Command } from './commands.ts'
import { countOption, print, readOptions, textOption } from './options.ts'

const DEFAULT_LIMIT = 100

export const status: Command = {
  name: 'status',
  usage: 'status (--tenant ID | --all [--limit N])',
  summary: 'shows the state of one tenant’s connections, or what needs attention of all tenants',
  async run(parameters) {
    const { json, values } = readOptions(parameters, { tenant: 'string', all: 'boolean', limit: 'string' })
    const tenant = textOption(values, 'tenant')
    if ((tenant === undefined) !== (values['all'] === true))
      throw new ConfigInvalidError(['status: takes either --tenant or --all'])
    if (tenant === undefined) return ofAllTenants(json, countOption(values, 'limit') ?? DEFAULT_LIMIT)
    const statuses = await getAllIntegrationStatuses(tenant)
    const lines = statuses.map((one) => {
      const until = one.tokenExpiresAt === null ? '' : ` until ${one.tokenExpiresAt.toISOString()}`
      return `${nameOf(one).padEnd(12)} ${one.status}${until}${causeOf(one.reauthReason, one.lastError)}`
    })
    print(json, { statuses }, lines)
    return statuses.some(({ needsReauth }) => needsReauth) ? 1 : 0
  },
}

async function ofAllTenants(json: boolean, limit: number): Promise<number> {
  const due = await service(IDS.DueConnections)
  const found = await due.needingAttention(limit + 1)
  const [connections, isMore] = [found.slice(0, limit), found.length > limit]
  const lines = connections.map((one) => {
    return `${one.tenantId} ${nameOf(one)} ${one.status}${causeOf(one.reauthReason, one.lastErrorCode)}`
  })
  if (lines.length === 0) lines.push('Nothing needs attention.')
  if (isMore) lines.push(`… and more than these ${String(limit)}`)
  print(json, { connections, isMore }, lines)
  return connections.length > 0 ? 1 : 0
}

function nameOf({ label, provider }: { readonly label: string; readonly provider: string }): string {
  return label === DEFAULT_LABEL ? provider : `${provider} (${label})`
}

/** Why a connection ended says more than how its last attempt failed. */
function causeOf(reason: string | null | undefined, lastError: string | null | undefined): string {
  if (typeof reason === 'string') return `: ${reason}`
  return typeof lastError === 'string' ? `, last error ${lastError}` : ''
}
