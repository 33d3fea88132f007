import type { Json } from '../exchange.ts'
import type { PlacedCustomer } from './customers.ts'

/** A GAQL query that the emulator understands. */
export interface AdsQuery {
  readonly resource: 'customer' | 'customer_client'
  readonly fields: readonly string[]
  readonly conditions: readonly Condition[]
  readonly limit: number | undefined
}

interface Condition {
  readonly field: string
  readonly operator: string
  readonly value: string
}

type Field = (placed: PlacedCustomer) => string | boolean

const shared: Readonly<Record<string, Field>> = {
  id: ({ customer }) => customer.id,
  descriptive_name: ({ customer }) => customer.name,
  currency_code: ({ customer }) => customer.currency,
  time_zone: ({ customer }) => customer.timeZone,
  manager: ({ customer }) => customer.isManager,
  test_account: ({ customer }) => customer.isTest,
  status: ({ customer }) => customer.status,
}

const known: Readonly<Record<AdsQuery['resource'], Readonly<Record<string, Field>>>> = {
  customer: { ...shared, resource_name: ({ customer }) => `customers/${customer.id}` },
  customer_client: {
    ...shared,
    client_customer: ({ customer }) => `customers/${customer.id}`,
    // int64, which Google writes as a string.
    level: ({ level }) => String(level),
    hidden: () => false,
  },
}

/** The query, or the name of the queryError that Google answers. */
export function parseQuery(text: string): AdsQuery | { readonly queryError: string } {
  const found = /^\s*SELECT\s+(.+?)\s+FROM\s+(\w+)(?:\s+WHERE\s+(.+?))?(?:\s+LIMIT\s+(\d+))?\s*$/is.exec(text)
  const [, select = '', resource, where, limit] = found ?? []
  if (!found) return { queryError: 'UNEXPECTED_END_OF_QUERY' }
  if (resource !== 'customer' && resource !== 'customer_client')
    return { queryError: 'BAD_RESOURCE_TYPE_IN_FROM_CLAUSE' }
  const fields = select.split(',').map((field) => field.trim())
  const conditions = (where ?? '').split(/\s+AND\s+/i).flatMap(parseCondition)
  const used = [...fields, ...conditions.map(({ field }) => field)]
  if (!used.every((field) => readerOf(resource, field))) return { queryError: 'UNRECOGNIZED_FIELD' }
  return { resource, fields, conditions, limit: limit === undefined ? undefined : Number(limit) }
}

/** The rows that match, as REST JSON: camelCase, nested, empty names left out. */
export function selectRows(query: AdsQuery, from: readonly PlacedCustomer[], root: string): readonly Json[] {
  const { resource, fields, conditions, limit } = query
  return from
    .filter((placed) => conditions.every((condition) => matches(resource, placed, condition)))
    .slice(0, limit)
    .map((placed) => {
      const entries = fields.map((field): [string, Json] => [
        camelCase(field.slice(resource.length + 1)),
        readerOf(resource, field)?.(placed) ?? null,
      ])
      const path =
        resource === 'customer'
          ? `customers/${root}`
          : `customers/${root}/customerClients/${placed.customer.id}`
      const named = entries.filter(([, value]) => value !== '' && value !== null)
      return { [camelCase(resource)]: { resourceName: path, ...Object.fromEntries(named) } }
    })
}

export function fieldMask(query: AdsQuery): string {
  return query.fields.map((field) => field.split('.').map(camelCase).join('.')).join(',')
}

function readerOf(resource: AdsQuery['resource'], field: string): Field | undefined {
  const prefix = `${resource}.`
  const name = field.slice(prefix.length)
  return field.startsWith(prefix) && Object.hasOwn(known[resource], name) ? known[resource][name] : undefined
}

function parseCondition(text: string): readonly Condition[] {
  const found = /^\s*([\w.]+)\s*(<=|>=|!=|=|<|>)\s*'?([^']*?)'?\s*$/.exec(text)
  const [, field = '', operator = '', value = ''] = found ?? []
  return found
    ? [{ field, operator, value }]
    : text.trim() === ''
      ? []
      : [{ field: text, operator: '', value: '' }]
}

function matches(resource: AdsQuery['resource'], placed: PlacedCustomer, condition: Condition): boolean {
  const actual = String(readerOf(resource, condition.field)?.(placed) ?? '').toLowerCase()
  const wanted = condition.value.toLowerCase()
  switch (condition.operator) {
    case '=':
      return actual === wanted
    case '!=':
      return actual !== wanted
    case '<=':
      return Number(actual) <= Number(wanted)
    case '>=':
      return Number(actual) >= Number(wanted)
    case '<':
      return Number(actual) < Number(wanted)
    default:
      return Number(actual) > Number(wanted)
  }
}

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}
