import { DEFAULT_LABEL } from '../domain/model/identifiers.ts'
import type { ConnectionLabel, ProviderName } from '../domain/model/identifiers.ts'
import type { FailureCode } from './failures.ts'

/** What a form or flow leads to when it succeeds. */
export type SuccessCode =
  'connected' | 'account_selected' | 'accounts_updated' | 'lists_saved' | 'refreshed' | 'disconnected'

/** The fixed vocabulary of the `result` parameter on a return URL; it never contains anything a provider wrote. */
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
 * The return URL with the outcome in its query, and the label unless it is the default one. The rest of the URL stays as it
 * is, byte for byte.
 */
export function withOutcome(returnUrl: string, { provider, label, result }: Outcome): string {
  const [beforeFragment = '', ...fragment] = returnUrl.split('#')
  const query = new URLSearchParams({ integration: provider, ...labelFields(label), result }).toString()
  const joined = `${beforeFragment}${beforeFragment.includes('?') ? '&' : '?'}${query}`
  return fragment.length === 0 ? joined : `${joined}#${fragment.join('#')}`
}

/** What forms, links and outcomes add to the provider to name a connection: nothing for the default label. */
export function labelFields(label: ConnectionLabel): Readonly<Record<string, string>> {
  return label === DEFAULT_LABEL ? {} : { label }
}
