import type { ConnectionState } from '../application/use-cases/connection-statuses.ts'
import type { AdAccount } from '../domain/model/ad-account.ts'
import type { Connection } from '../domain/model/connection.ts'
import type { Instant } from '../domain/model/time.ts'

/** A connection as JSON for a browser, without secrets, internal ids or the tenant. */
export interface ConnectionView {
  readonly provider: string
  readonly label: string
  readonly status: string
  readonly selectedAccount: { readonly id: string; readonly name: string | null } | null
  readonly accountCount: number
  readonly tokenExpiresAt: string | null
  readonly lastError: string | null
  readonly lastSyncAt: string | null
  readonly emailListId: string | null
  readonly smsListId: string | null
}

export function connectionView(connection: Connection): ConnectionView {
  const { selectedAccountId: id } = connection
  return {
    provider: connection.provider,
    label: connection.label,
    status: connection.status,
    selectedAccount: id === undefined ? null : { id, name: connection.selectedAccountName ?? null },
    accountCount: connection.accounts.length,
    tokenExpiresAt: isoOrNull(connection.tokenExpiresAt),
    lastError: connection.lastErrorCode ?? null,
    lastSyncAt: isoOrNull(connection.lastSyncAt),
    emailListId: connection.details.emailListId ?? null,
    smsListId: connection.details.smsListId ?? null,
  }
}

export type StateView = Omit<ConnectionState, 'tokenExpiresAt' | 'grantExpiresAt' | 'lastSyncAt'> & {
  readonly tokenExpiresAt: string | null
  readonly grantExpiresAt: string | null
  readonly lastSyncAt: string | null
}

export function stateView(state: ConnectionState): StateView {
  return {
    ...state,
    tokenExpiresAt: isoOrNull(state.tokenExpiresAt),
    grantExpiresAt: isoOrNull(state.grantExpiresAt),
    lastSyncAt: isoOrNull(state.lastSyncAt),
  }
}

export const ACCOUNTS_A_PAGE = 50

export interface AccountsPage {
  readonly accounts: readonly AdAccount[]
  /** How many accounts match, on all pages together. */
  readonly total: number
  /** Counted from 1. */
  readonly page: number
  readonly pages: number
}

/** One page of the accounts whose name or id contains `search`; a page beyond the last one gives the last. */
export function accountsPage(accounts: readonly AdAccount[], search: string, wanted: number): AccountsPage {
  const needle = search.trim().toLowerCase()
  const matching = accounts.filter(
    ({ id, name }) => id.toLowerCase().includes(needle) || (name ?? '').toLowerCase().includes(needle),
  )
  const pages = Math.max(1, Math.ceil(matching.length / ACCOUNTS_A_PAGE))
  const page = Math.min(Math.max(1, wanted), pages)
  const from = (page - 1) * ACCOUNTS_A_PAGE
  return { accounts: matching.slice(from, from + ACCOUNTS_A_PAGE), total: matching.length, page, pages }
}

/** `q` and `page` of a query; anything unusable is ignored. */
export function accountsQuery(query: URLSearchParams): { readonly search: string; readonly page: number } {
  const page = Number(query.get('page') ?? '1')
  return {
    search: (query.get('q') ?? '').slice(0, 100),
    page: Number.isInteger(page) && page > 0 ? page : 1,
  }
}

function isoOrNull(at: Instant | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}
