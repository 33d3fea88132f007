import type { Container } from 'inversify'
import { DATA_KEY_PREFIX } from '../adapters/aes-gcm/index.ts'
import { everyDataKey } from '../adapters/kms/every-data-key.ts'
import { IDS } from '../application/container/identifiers.ts'
import { ConfigInvalidError } from '../domain/errors.ts'
import { parseTenantId } from '../domain/model/identifiers.ts'
import type { DataKeyRow } from '../ports/data-key-store.ts'
import { defaultContainer } from '../root/default-container.ts'
import type { Command } from './commands.ts'
import { print, readOptions, textOption } from './options.ts'

interface Outcome {
  readonly code: number
  readonly value: unknown
  readonly lines: readonly string[]
}

const ACTIONS = { retire, revoke, 'revoke-tenant': revokeTenant } as const

export const dataKeys: Command = {
  name: 'data-keys',
  usage: 'data-keys [--retire c1.k.ID | --revoke c1.k.ID [--destroy-values] | --revoke-tenant TENANT]',
  summary: 'lists the data keys under KMS; retires or revokes one, or revokes all of a tenant',
  async run(parameters) {
    const { json, values } = readOptions(parameters, {
      retire: 'string',
      revoke: 'string',
      'revoke-tenant': 'string',
      'destroy-values': 'boolean',
    })
    const [asked, ...more] = Object.entries(ACTIONS).flatMap(([name, action]) => {
      const of = textOption(values, name)
      return of === undefined ? [] : [{ action, of }]
    })
    if (more.length > 0)
      throw new ConfigInvalidError(['data-keys: takes only one of --retire, --revoke and --revoke-tenant'])
    const isDestroying = values['destroy-values'] === true
    if (isDestroying && asked?.action !== revoke)
      throw new ConfigInvalidError(['--destroy-values: goes with --revoke'])
    const container = await defaultContainer()
    if (!container.isBound(IDS.DataKeys))
      throw new ConfigInvalidError(['INTEGRATION_KMS_KEY_ID: is missing; there are no data keys without KMS'])
    const { code, lines, value } = await (asked?.action(container, asked.of, isDestroying) ?? list(container))
    print(json, value, lines)
    return code
  },
}

async function retire(container: Container, id: string): Promise<Outcome> {
  const isRetired = await container.get(IDS.DataKeys).retire(idOf(id))
  const lines = isRetired
    ? [
        'Within a minute it only opens values, in every process, and another key seals.',
        `To revoke it: wait for that minute, run rotate-keys --from ${nameOf(idOf(id))}, then data-keys --revoke.`,
      ]
    : ['There is no such key, or it no longer seals.']
  return { code: isRetired ? 0 : 1, value: { isRetired }, lines }
}

async function revoke(container: Container, name: string, isDestroying: boolean): Promise<Outcome> {
  const id = idOf(name)
  const values = isDestroying ? 0 : await valuesUnder(container, id)
  if (values > 0) return refusal(id, values)
  const isRevoked = await container.get(IDS.DataKeys).revoke(id)
  const line = isRevoked
    ? 'What was sealed under it can no longer be opened.'
    : 'There is no such key, or it was already revoked.'
  return { code: isRevoked ? 0 : 1, value: { isRevoked }, lines: [line] }
}

/** Only of a key that would be revoked: one that seals is refused and one that is revoked has none to lose. */
async function valuesUnder(container: Container, id: string): Promise<number> {
  const key = await container.get(IDS.DataKeyStore).find(id)
  if (key?.state !== 'decrypt') return 0
  return (await container.get(IDS.RotateKeys).countByKey())[nameOf(id)] ?? 0
}

function refusal(id: string, values: number): Outcome {
  const lines = [
    `Not revoked: ${String(values)} values are under it, and would never open again.`,
    `Seal them again first: rotate-keys --from ${nameOf(id)}`,
    'To give them up for good: --destroy-values.',
  ]
  return { code: 1, value: { isRevoked: false, values }, lines }
}

async function revokeTenant(container: Container, tenant: string): Promise<Outcome> {
  const revoked = await container.get(IDS.DataKeys).revokeTenant(parseTenantId(tenant))
  return { code: 0, value: { revoked }, lines: [`${String(revoked)} data keys of the tenant revoked`] }
}

/** Every data key that is not revoked, without its wrapped bytes. */
async function list(container: Container): Promise<Outcome> {
  const rows: DataKeyRow[] = []
  for await (const row of everyDataKey(container.get(IDS.DataKeyStore))) rows.push(row)
  const keys = rows.map(({ generation, id, kmsKeyId, partition, state }) => ({
    ...{ id, state, partition, generation, kmsKeyId },
  }))
  const lines = keys.map(
    ({ generation, id, partition, state }) =>
      `${nameOf(id)} ${state.padEnd(7)} ${partition} generation ${String(generation)}`,
  )
  return { code: 0, value: { keys }, lines }
}

/** The id alone, or with the prefix that values and `rotate-keys` show: safer, because an id may begin with a dash. */
function idOf(name: string): string {
  return name.startsWith(DATA_KEY_PREFIX) ? name.slice(DATA_KEY_PREFIX.length) : name
}

/** As values and `rotate-keys` show it. */
function nameOf(id: string): string {
  return DATA_KEY_PREFIX + id
}
