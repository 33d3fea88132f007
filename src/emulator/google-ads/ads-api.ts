import { authorizationOf, jsonAnswer } from '../exchange.ts'
import type { Answer, Call } from '../exchange.ts'
import type { Lineage } from '../ledger.ts'
import type { World } from '../world.ts'
import { adsError } from './ads-error.ts'
import type { AdsProblem } from './ads-error.ts'
import { customersOf, treeOf } from './customers.ts'
import type { GoogleCustomer } from './customers.ts'
import { fieldMask, parseQuery, selectRows } from './query.ts'

export const adwordsScope = 'https://www.googleapis.com/auth/adwords'
const rowsPerChunk = 1000

/** `customers:listAccessibleCustomers`: what the person reaches directly, closed accounts among it. */
export function listAccessibleCustomers(world: World, call: Call): Answer {
  const holder = authenticate(world, call)
  if ('problem' in holder) return adsError(holder.problem)
  const resourceNames = customersOf(holder.lineage.person).map(({ id }) => `customers/${id}`)
  return jsonAnswer(200, resourceNames.length > 0 ? { resourceNames } : {})
}

/** `googleAds:search` and `googleAds:searchStream` over `customer` and `customer_client`. */
export function searchCustomers(
  world: World,
  call: Call,
  target: { readonly customerId: string; readonly isStream: boolean },
): Answer {
  const { isStream } = target
  const holder = authenticate(world, call)
  if ('problem' in holder) return adsError(holder.problem, { isStream })
  const reached = reach(holder.lineage.person, target.customerId, call.headers['login-customer-id'])
  if ('problem' in reached) return adsError(reached.problem, { isStream })
  if (!isStream && call.json['pageSize'] !== undefined) {
    return adsError({
      status: 400,
      message: 'Setting the page size is not supported.',
      errorCode: { requestError: 'PAGE_SIZE_NOT_SUPPORTED' },
    })
  }
  const text = call.json['query']
  const query = parseQuery(typeof text === 'string' ? text : '')
  if ('queryError' in query) {
    const errorCode = { queryError: query.queryError }
    return adsError({ status: 400, message: 'Error in query.', errorCode }, { isStream })
  }
  const tree = treeOf(reached.customer)
  const rows = selectRows(query, query.resource === 'customer' ? tree.slice(0, 1) : tree, reached.customer.id)
  if (!isStream) return jsonAnswer(200, { results: rows, fieldMask: fieldMask(query) })
  const chunks = Array.from({ length: Math.max(1, Math.ceil(rows.length / rowsPerChunk)) }, (_, index) => ({
    results: rows.slice(index * rowsPerChunk, (index + 1) * rowsPerChunk),
    fieldMask: fieldMask(query),
    requestId: `emulated-${index + 1}`,
  }))
  return jsonAnswer(200, chunks)
}

function authenticate(
  world: World,
  call: Call,
): { readonly lineage: Lineage } | { readonly problem: AdsProblem } {
  const message =
    'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.'
  const value = authorizationOf(call, 'Bearer')
  if (value === undefined) return { problem: { status: 401, message, reason: 'CREDENTIALS_MISSING' } }
  const token = world.ledger.find('google_ads', value)
  if (token?.kind !== 'access') {
    return { problem: { status: 401, message, errorCode: { authenticationError: 'OAUTH_TOKEN_INVALID' } } }
  }
  const { lineage } = token
  if (lineage.ended) {
    return { problem: { status: 401, message, errorCode: { authenticationError: 'OAUTH_TOKEN_REVOKED' } } }
  }
  if (!world.ledger.isHonoured(token))
    return { problem: { status: 401, message, reason: 'ACCESS_TOKEN_EXPIRED' } }
  if (!lineage.scopes.includes(adwordsScope)) {
    const scopeMessage = 'Request had insufficient authentication scopes.'
    return { problem: { status: 403, message: scopeMessage, reason: 'ACCESS_TOKEN_SCOPE_INSUFFICIENT' } }
  }
  if (lineage.person === 'nora') {
    const noAds = 'User in the cookie is not a valid Ads user.'
    return { problem: { status: 401, message: noAds, errorCode: { authenticationError: 'NOT_ADS_USER' } } }
  }
  return { lineage }
}

/** A customer is reached directly, or through a manager that `login-customer-id` names. */
function reach(
  person: string,
  customerId: string,
  login: string | readonly string[] | undefined,
): { readonly customer: GoogleCustomer } | { readonly problem: AdsProblem } {
  if (login !== undefined && (typeof login !== 'string' || !/^\d{10}$/.test(login))) {
    const errorCode = { headerError: 'INVALID_LOGIN_CUSTOMER_ID' }
    return { problem: { status: 400, message: 'The login customer id is not valid.', errorCode } }
  }
  const direct = customersOf(person)
  const entry = direct.find(({ id }) => id === (login ?? customerId))
  const customer = entry && treeOf(entry).find((placed) => placed.customer.id === customerId)?.customer
  if (!customer) {
    const message =
      "User doesn't have permission to access customer. Note: If you're accessing a client customer, the manager's customer id must be set in the 'login-customer-id' header."
    return { problem: { status: 403, message, errorCode: { authorizationError: 'USER_PERMISSION_DENIED' } } }
  }
  if (customer.status !== 'ENABLED') {
    const message =
      "The customer account can't be accessed because it is not yet enabled or has been deactivated."
    return { problem: { status: 403, message, errorCode: { authorizationError: 'CUSTOMER_NOT_ENABLED' } } }
  }
  return { customer }
}
