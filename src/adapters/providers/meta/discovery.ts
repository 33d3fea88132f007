import { z } from 'zod'
import { cleanText, MAX_ACCOUNTS } from '../../../domain/model/ad-account.ts'
import type { AdAccount } from '../../../domain/model/ad-account.ts'
import type { Secret } from '../../../domain/model/secret.ts'
import { responseInvalid } from '../../../domain/provider-failure.ts'
import { listOf } from '../http/list-of.ts'
import type { GraphApi } from './graph-api.ts'
import { allRows } from './pages.ts'

/** Who a token belongs to; the id is the one that only this app knows the person by. */
export interface Holder {
  readonly id: string
  readonly name?: string
}

const optionalText = z.string().optional().catch(undefined)
const profile = z.object({ id: z.string().regex(/^\d{1,32}$/), name: optionalText })

export async function askHolder(graph: GraphApi, accessToken: Secret): Promise<Holder> {
  const call = { accessToken, parameters: { fields: 'id,name' } }
  const parsed = profile.safeParse(await graph.asHolder('GET', 'me', call))
  if (!parsed.success) throw responseInvalid()
  const name = cleanText(parsed.data.name ?? '')
  return { id: parsed.data.id, ...(name === '' ? {} : { name }) }
}

export interface Permissions {
  readonly granted: readonly string[]
  readonly withheld: readonly string[]
}

const permissions = listOf(z.object({ permission: z.string(), status: z.string() }))

const MAX_PERMISSIONS = 500

/**
 * The person's own list. A permission that is not `granted` in it they declined, took back, or let expire: a consent may
 * be partial and still a success.
 */
export async function permissionsOf(graph: GraphApi, accessToken: Secret): Promise<Permissions> {
  const options = { accessToken, parameters: { limit: '100' }, most: MAX_PERMISSIONS }
  const parsed = permissions.safeParse(await allRows(graph, 'me/permissions', options))
  if (!parsed.success) throw responseInvalid()
  const named = (isGranted: boolean): readonly string[] =>
    parsed.data.flatMap(({ permission: name, status }) =>
      (status === 'granted') === isGranted ? [name] : [],
    )
  return { granted: named(true), withheld: named(false) }
}

const adAccount = z.object({
  id: z.string().regex(/^act_\d{1,32}$/),
  name: optionalText,
  account_status: z.int().optional().catch(undefined),
  currency: optionalText,
  timezone_name: optionalText,
})

const FIELDS = 'id,name,account_status,currency,timezone_name'
const PAGE_SIZE = '200'

export async function adAccounts(graph: GraphApi, accessToken: Secret): Promise<readonly AdAccount[]> {
  const parameters = { fields: FIELDS, limit: PAGE_SIZE }
  const rows = await allRows(graph, 'me/adaccounts', { accessToken, parameters, most: MAX_ACCOUNTS })
  const parsed = listOf(adAccount).safeParse(rows)
  if (!parsed.success) throw responseInvalid()
  return [...new Map(parsed.data.map((row) => [row.id, toAdAccount(row)])).values()]
}

const STATUSES: ReadonlyMap<number, string> = new Map([
  [1, 'ACTIVE'],
  [2, 'DISABLED'],
  [3, 'UNSETTLED'],
  [7, 'PENDING_RISK_REVIEW'],
  [8, 'PENDING_SETTLEMENT'],
  [9, 'IN_GRACE_PERIOD'],
  [100, 'PENDING_CLOSURE'],
  [101, 'CLOSED'],
])

/** In every other state the account can be read, and comes back to life when somebody pays or the review ends. */
const UNUSABLE: ReadonlySet<number | undefined> = new Set([2, 101])

function toAdAccount(row: z.output<typeof adAccount>): AdAccount {
  const { account_status: status } = row
  const name = cleanText(row.name ?? '')
  const currency = cleanText(row.currency ?? '')
  const timeZone = cleanText(row.timezone_name ?? '')
  return {
    id: row.id,
    isUsable: !UNUSABLE.has(status),
    ...(name === '' ? {} : { name }),
    ...(status === undefined ? {} : { status: STATUSES.get(status) ?? String(status) }),
    ...(currency === '' ? {} : { currency }),
    ...(timeZone === '' ? {} : { timeZone }),
  }
}
