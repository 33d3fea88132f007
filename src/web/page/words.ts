import type { ReauthReason } from '../../domain/model/connection.ts'
import type { FailureCode } from '../failures.ts'
import type { SuccessCode } from '../outcomes.ts'

export function successWords(code: SuccessCode, name: string): string {
  switch (code) {
    case 'connected':
      return `${name} is connected.`
    case 'account_selected':
      return `The account for ${name} has been chosen.`
    case 'accounts_updated':
      return `The list of accounts at ${name} is up to date.`
    case 'lists_saved':
      return `The lists for ${name} are saved.`
    case 'refreshed':
      return `${name} was checked: the connection works.`
    case 'disconnected':
      return `${name} is disconnected.`
  }
}

const OPERATOR = 'The people who run this site have to fix this. Nothing you have done here is lost.'
const AGAIN_LATER = 'Nothing has changed and nothing is lost. Try again in a few minutes.'
const START_AGAIN = 'Start the connection again.'

/** What went wrong and what to do, for people who are not developers. `name` is the platform's. */
const FAILURES: Readonly<Record<FailureCode, (name: string) => readonly [what: string, advice: string]>> = {
  authorization_denied: (name) => [
    `The connection was declined at ${name}.`,
    'Start the connection again and allow access there.',
  ],
  callback_invalid: (name) => [`The answer from ${name} could not be read.`, START_AGAIN],
  state_invalid: () => [
    'This link was already used or is older than ten minutes.',
    'A connection that you have just made is not affected. Otherwise start again from the integrations page.',
  ],
  initiator_mismatch: () => [
    'This connection was started by somebody else, or in another session.',
    'Nothing was connected. Sign in as the person who started it, or start it again yourself.',
  ],
  browser_mismatch: () => [
    'This connection was started in another browser.',
    'Nothing was connected. If you did not start it yourself, close this page: somebody may have sent you the link.',
  ],
  exchange_rejected: (name) => [`${name} did not accept the connection.`, START_AGAIN],
  scope_missing: (name) => [
    `A permission that is needed was not granted at ${name}.`,
    'Connect again and leave every permission ticked.',
  ],
  no_ad_accounts: (name) => [
    `The person who signed in has no access to a usable account at ${name}.`,
    'Ask the owner of an account for access, or sign in as somebody who has it, then connect again.',
  ],
  account_unknown: () => ['This connection has no such account.', 'Choose one from the list.'],
  account_changed: (name) => [
    `You signed in at ${name} as a different person, or with different accounts, than before.`,
    'The connection you had is unchanged. Sign in as the same person, or switch on purpose.',
  ],
  api_key_invalid: (name) => [
    `${name} did not accept the key.`,
    'Check that it is a private key, that you copied all of it, and that it was not deleted.',
  ],
  not_connected: (name) => [`${name} is not connected.`, 'Connect it first.'],
  reauthorization_required: (name) => [`${name} asks for a new sign-in.`, 'Reconnect to restore access.'],
  refresh_pending: (name) => [`${name} is being checked right now.`, 'Look again in a minute.'],
  provider_unavailable: (name) => [`${name} did not answer.`, AGAIN_LATER],
  rate_limited: (name) => [`${name} asks us to wait.`, AGAIN_LATER],
  provider_misconfigured: (name) => [`${name} does not accept this site’s registration.`, OPERATOR],
  provider_response_invalid: (name) => [`${name} gave an answer that could not be understood.`, AGAIN_LATER],
  token_rejected: (name) => [`${name} refuses the access that it has just renewed.`, OPERATOR],
  limit_exceeded: () => [
    'Too many connections were started in a short time.',
    'Wait a few minutes, then try again.',
  ],
  return_url_refused: () => ['The page to return to is not part of this site.', OPERATOR],
  config_invalid: (name) => [`${name} is not set up on this site.`, OPERATOR],
  tenant_invalid: () => ['Your organisation could not be recognised.', OPERATOR],
  store_unavailable: () => ['Our database did not answer.', AGAIN_LATER],
  stale_connection: () => [
    'Somebody changed this connection at the same moment.',
    'Look at it, then try again.',
  ],
  cipher_unavailable: () => ['The encryption key could not be reached.', AGAIN_LATER],
  cipher_key_unknown: () => ['The stored connection cannot be opened.', OPERATOR],
  cipher_value_invalid: () => ['The stored connection cannot be opened.', OPERATOR],
  cipher_authentication_failed: () => ['The stored connection cannot be opened.', OPERATOR],
  migration_conflict: () => ['Our database is not up to date.', OPERATOR],
  unauthenticated: () => ['You are not signed in.', 'Sign in, then open this page again.'],
  forbidden: () => ['You are not allowed to do this.', 'Ask an administrator of your organisation.'],
  cross_site_refused: () => [
    'This form is out of date, or does not come from this site.',
    'Nothing was changed. Open the integrations page again and repeat what you did.',
  ],
  not_found: () => ['There is nothing here.', 'Check the address.'],
  method_not_allowed: () => ['This address cannot be used in this way.', 'Go back to the integrations page.'],
  body_too_large: () => ['What was sent is too large.', 'Go back and shorten it.'],
  content_type_unsupported: () => ['What was sent cannot be read.', 'Go back and try again.'],
  request_invalid: () => ['Something in the form is missing or not valid.', 'Go back and fill it in again.'],
  signed_request_invalid: () => ['The signed request is not valid.', 'Nothing was changed.'],
  internal_error: () => ['Something went wrong on our side.', AGAIN_LATER],
}

export function failureWords(
  code: FailureCode,
  name: string,
): { readonly what: string; readonly advice: string } {
  const [what, advice] = FAILURES[code](name)
  return { what, advice }
}

export function isFailureCode(code: string): code is FailureCode {
  return Object.hasOwn(FAILURES, code)
}

export function reauthWords(reason: ReauthReason | null, name: string): string {
  switch (reason) {
    case 'permission_removed':
      return `A permission that is needed was taken away at ${name}.`
    case 'rotation_lost':
      return `An answer from ${name} was lost on the way, and ${name} does not accept a second attempt.`
    case 'revoked_or_expired':
    case null:
      return `${name} ended the access: it was removed there, a password was changed, or it expired.`
  }
}
