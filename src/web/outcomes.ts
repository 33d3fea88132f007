import { DEFAULT_LABEL } from '../domain/model/identifiers.ts'
import type { ConnectionLabel, ProviderName } from '../domain/model/identifiers.ts'
import type { FailureCode } from './failures.ts'

/** What a form leads to when it worked. */
export type SuccessCode =
  'connected' | 'account_selected' | 'accounts_updated' | 'lists_saved' | 'refreshed' | 'disconnected'

/** The fixed vocabulary of the `result` parameter on a return URL; nothing a provider wrote is ever in it. */
export type ResultCode = SuccessCode | FailureCode

const SUCCESS_CODES: readonly string[] = [
  'connected',
  'account_selected',
  'accounts_updated',
  'lists_saved',
  'refreshed',
  'disconnected',
] satisfies readonly SuccessCode[]

export function isSuccessCode(code: string): code is SuccessCode {
  return SUCCESS_CODES.includes(code)
}

/** What became of a connection, as a return URL tells it. */
export interface Outcome {
  readonly provider: ProviderName
  readonly label: ConnectionLabel
  readonly result: ResultCode
}

/**
 * The return URL with the outcome in its query, and the label where it is not the default one; what is there already
 * stays as it is, byte for byte.
 */
export function withOutcome(returnUrl: string, { provider, label, result }: Outcome): string {
  const [beforeFragment = '', ...fragment] = returnUrl.split('#')
  const query = new URLSearchParams({ integration: provider, ...labelFields(label), result }).toString()
  const joined = `${beforeFragment}${beforeFragment.includes('?') ? '&' : '?'}${query}`
  return fragment.length === 0 ? joined : `${joined}#${fragment.join('#')}`
}

/** How forms, links and outcomes name a connection beside its provider: not at all when it is the default one. */
export function labelFields(label: ConnectionLabel): Readonly<Record<string, string>> {
  return label === DEFAULT_LABEL ? {} : { label }
}
