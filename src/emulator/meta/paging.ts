import type { Json } from '../exchange.ts'

const usualLimit = 25
const largestLimit = 500

/** One page of `rows` with Graph's cursors. `next` carries the whole query, the access token included. */
export function graphPage(
  rows: readonly Json[],
  request: { readonly url: string; readonly parameters: URLSearchParams },
): Json {
  const { parameters } = request
  const asked = Number(parameters.get('limit') ?? usualLimit)
  const limit = Number.isInteger(asked) && asked > 0 ? Math.min(asked, largestLimit) : usualLimit
  const after = parameters.get('after')
  const start = after ? positionOf(after) + 1 : 0
  const data = rows.slice(start, start + limit)
  if (data.length === 0) return { data }
  const end = start + data.length - 1
  const cursors = { before: cursorAt(start), after: cursorAt(end) }
  if (end + 1 >= rows.length) return { data, paging: { cursors } }
  const next = new URL(request.url)
  for (const [name, value] of parameters) next.searchParams.set(name, value)
  next.searchParams.set('after', cursors.after)
  return { data, paging: { cursors, next: next.href } }
}

/** The members of `row` that `fields` names, and always the id. */
export function pickFields(row: Readonly<Record<string, Json>>, fields: string | null): Json {
  if (fields === null)
    return { id: row['id'], ...('account_id' in row ? { account_id: row['account_id'] } : {}) }
  const names = fields.replaceAll(/\{[^}]*\}/g, '').split(',')
  return Object.fromEntries(Object.entries(row).filter(([name]) => name === 'id' || names.includes(name)))
}

function cursorAt(position: number): string {
  return Buffer.from(`p${position}`).toString('base64url')
}

function positionOf(cursor: string): number {
  const position = Number(Buffer.from(cursor, 'base64url').toString('utf8').slice(1))
  return Number.isInteger(position) ? position : -1
}
