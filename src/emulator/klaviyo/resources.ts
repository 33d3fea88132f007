import { authorizationOf, jsonAnswer } from '../exchange.ts'
import type { Answer, Call, Json } from '../exchange.ts'
import type { World } from '../world.ts'
import { accountResource, klaviyoAccountOf, listResources, segmentResources } from './accounts.ts'
import type { KlaviyoAccount } from './accounts.ts'
import type { KlaviyoKeyring } from './keyring.ts'
import { klaviyoProblem } from './problem.ts'

interface Holder {
  readonly account: KlaviyoAccount
  readonly scopes: readonly string[]
}

const pageSize = { most: 10, least: 1 }

/** `/api/accounts`, `/api/lists`, `/api/segments`, to a key or to an OAuth token. */
export function klaviyoResources(world: World, keyring: KlaviyoKeyring, call: Call): Answer {
  const holder = authenticate(world, keyring, call)
  if ('answer' in holder) return holder.answer
  const revision = call.headers['revision']
  if (typeof revision !== 'string' || !/^\d{4}-\d{2}-\d{2}(\.\w+)?$/.test(revision)) {
    return klaviyoProblem(400, {
      code: 'invalid',
      title: 'Invalid input.',
      detail: 'A revision header of the form YYYY-MM-DD is required.',
      parameter: 'revision',
    })
  }
  const [, resource = '', id] = /^\/api\/(\w+)(?:\/(\w+))?\/?$/.exec(call.path) ?? []
  if (!holder.scopes.includes(`${resource}:read`)) {
    return klaviyoProblem(403, {
      code: 'permission_denied',
      title: 'You do not have permission to perform this action.',
      detail: `The key or token lacks the scope ${resource}:read.`,
    })
  }
  return resourceAnswer(holder.account, { resource, id, call })
}

function authenticate(
  world: World,
  keyring: KlaviyoKeyring,
  call: Call,
): Holder | { readonly answer: Answer } {
  const value = authorizationOf(call, 'Klaviyo-API-Key')
  const bearer = authorizationOf(call, 'Bearer')
  if (value === undefined && bearer === undefined) {
    const detail = 'Missing or invalid authorization scheme. Please use Klaviyo-API-Key.'
    return {
      answer: klaviyoProblem(401, {
        code: 'not_authenticated',
        title: 'Authentication credentials were not provided.',
        detail,
      }),
    }
  }
  const token = bearer === undefined ? undefined : world.ledger.find('klaviyo', bearer)
  const account = token && klaviyoAccountOf(token.lineage.person)
  if (token?.kind === 'access' && account && world.ledger.isHonoured(token)) {
    world.ledger.noteUse(token)
    return { account, scopes: token.lineage.scopes }
  }
  const key = value === undefined ? undefined : keyring.find(value)
  if (key) return key
  const detail = 'The API key or access token specified is invalid.'
  return {
    answer: klaviyoProblem(401, {
      code: 'authentication_failed',
      title: 'Incorrect authentication credentials.',
      detail,
    }),
  }
}

function resourceAnswer(
  account: KlaviyoAccount,
  { resource, id, call }: { resource: string; id: string | undefined; call: Call },
): Answer {
  if (resource === 'accounts') {
    const data = accountResource(account)
    if (id === undefined)
      return ok({ data: [data], links: links('accounts', call.query, null) }, 'extra-small')
    return id === account.id ? ok({ data }, 'extra-small') : unknownResource()
  }
  const rows = resource === 'lists' ? listResources(account) : segmentResources(account)
  if (id === undefined)
    return page(
      rows.map((row) => row.resource),
      resource,
      call.query,
    )
  const found = rows.find((row) => row.id === id)
  return found ? ok({ data: found.resource }, 'large') : unknownResource()
}

function page(rows: readonly Json[], resource: string, query: URLSearchParams): Answer {
  const size = Number(query.get('page[size]') ?? pageSize.most)
  if (!Number.isInteger(size) || size < pageSize.least || size > pageSize.most) {
    return invalidParameter('page[size]', `Page size must be between ${pageSize.least} and ${pageSize.most}.`)
  }
  const cursor = query.get('page[cursor]')
  const start = cursor === null ? 0 : positionOf(cursor)
  if (start === undefined) return invalidParameter('page[cursor]', 'The cursor is not valid.')
  const next = start + size < rows.length ? cursorAt(start + size) : null
  return ok({ data: rows.slice(start, start + size), links: links(resource, query, next) }, 'large')
}

/** The links name Klaviyo's own host, whoever answers: a client that follows them blindly leaves its host. */
function links(resource: string, query: URLSearchParams, cursor: string | null): Json {
  const base = `https://a.klaviyo.com/api/${resource}/`
  const next = new URL(base)
  for (const [name, value] of query) next.searchParams.set(name, value)
  if (cursor !== null) next.searchParams.set('page[cursor]', cursor)
  return { self: base, next: cursor === null ? null : next.href, prev: null }
}

function ok(body: Json, size: 'extra-small' | 'large'): Answer {
  const [burst, steady] = size === 'large' ? [75, 700] : [1, 15]
  return jsonAnswer(200, body, {
    'content-type': 'application/vnd.api+json',
    'ratelimit-limit': `${burst}, ${burst};w=1, ${steady};w=60`,
    'ratelimit-remaining': String(burst - 1),
    'ratelimit-reset': '1',
  })
}

function unknownResource(): Answer {
  return klaviyoProblem(404, {
    code: 'not_found',
    title: 'Not found.',
    detail: 'A resource with that id does not exist.',
  })
}

function invalidParameter(parameter: string, detail: string): Answer {
  return klaviyoProblem(400, { code: 'invalid', title: 'Invalid input.', detail, parameter })
}

function cursorAt(position: number): string {
  return Buffer.from(`next::id::${position}`).toString('base64url')
}

function positionOf(cursor: string): number | undefined {
  const found = /^next::id::(\d+)$/.exec(Buffer.from(cursor, 'base64url').toString('utf8'))
  return found ? Number(found[1]) : undefined
}
