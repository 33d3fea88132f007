/** Reasons for which the handler itself refuses a request, before it calls a use case. */
export type RefusalCode =
  | 'unauthenticated'
  | 'forbidden'
  | 'cross_site_refused'
  | 'not_found'
  | 'method_not_allowed'
  | 'body_too_large'
  | 'content_type_unsupported'
  | 'request_invalid'
  | 'signed_request_invalid'

const REFUSALS: Readonly<Record<RefusalCode, { readonly status: number; readonly message: string }>> = {
  unauthenticated: { status: 401, message: 'Nobody is signed in; sign in and try again' },
  forbidden: {
    status: 403,
    message: 'You are not allowed to do this for your organisation; ask one of its administrators',
  },
  cross_site_refused: {
    status: 403,
    message:
      'The request did not come from a form of this site in this session; open the page again and retry',
  },
  not_found: { status: 404, message: 'There is nothing at this address' },
  method_not_allowed: { status: 405, message: 'This address does not accept that method' },
  body_too_large: { status: 413, message: 'The request body is larger than 64 KB' },
  content_type_unsupported: {
    status: 415,
    message: 'Send a form (application/x-www-form-urlencoded) or JSON',
  },
  request_invalid: { status: 400, message: 'The request is malformed' },
  signed_request_invalid: {
    status: 400,
    message: 'signed_request was not signed by Meta for this app, or is out of date',
  },
}

/** Thrown inside the handler and answered by it; it never reaches the host. */
export class Refusal extends Error {
  readonly code: RefusalCode
  readonly status: number
  /** The methods that the address accepts, if the method was the reason. */
  readonly allowed: readonly string[]

  constructor(code: RefusalCode, detail?: string, allowed: readonly string[] = []) {
    super(detail ?? REFUSALS[code].message)
    this.name = 'Refusal'
    this.code = code
    this.status = REFUSALS[code].status
    this.allowed = allowed
  }
}
