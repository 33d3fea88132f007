import { parseLabel, parseTenantId } from '../domain/model/identifiers.ts'
import type { ConnectionKey, ProviderName } from '../domain/model/identifiers.ts'
import { isIntegrationError } from '../domain/errors.ts'
import { parseReturnUrl } from '../domain/model/return-url.ts'
import { reportFailure } from './failures.ts'
import type { HandlerContext } from './handler-context.ts'
import type { IntegrationAction, Principal } from './handler-options.ts'
import { withOutcome } from './outcomes.ts'
import type { SuccessCode } from './outcomes.ts'
import { Refusal } from './refusal.ts'
import { jsonResponse, redirectResponse } from './responses.ts'
import { mediaTypeOf, readSubmission } from './submission.ts'
import type { Submission } from './submission.ts'

/** A request for which a route was found. */
export interface Call {
  readonly request: Request
  readonly query: URLSearchParams
}

/** A change that a signed-in, permitted principal has asked for from a page of this site. */
export interface Command {
  readonly call: Call
  readonly principal: Principal
  readonly key: ConnectionKey
  readonly submission: Submission
}

/** @throws Refusal when nobody is signed in */
export async function signedIn(context: HandlerContext, request: Request): Promise<Principal> {
  const principal = await context.authenticate(request)
  if (principal === null) throw new Refusal('unauthenticated')
  return principal
}

export async function isPermitted(
  context: HandlerContext,
  principal: Principal,
  provider: ProviderName,
  action: IntegrationAction,
): Promise<boolean> {
  return context.authorize === undefined || (await context.authorize(principal, provider, action))
}

/** Everything that must hold before anything is changed. @throws Refusal */
export async function acceptCommand(
  context: HandlerContext,
  call: Call,
  provider: ProviderName,
  action: IntegrationAction,
): Promise<Command> {
  const principal = await signedIn(context, call.request)
  const submission = await readSubmission(call.request)
  await context.guard.check(call.request, principal, submission)
  if (!(await isPermitted(context, principal, provider, action))) throw new Refusal('forbidden')
  const key = connectionKey(principal, provider, submission.optional('label'))
  return { call, principal, key, submission }
}

/** The connection that the request is about. Its tenant is always the principal's, whatever the request says. */
export function connectionKey(
  principal: Principal,
  provider: ProviderName,
  label: string | undefined,
): ConnectionKey {
  return { tenantId: parseTenantId(principal.tenantId), provider, label: labelOf(label) }
}

/** Does the work and answers it: a program gets JSON; a form is sent back to its page, with the outcome in the URL. */
export async function perform(
  context: HandlerContext,
  command: Command,
  work: () => Promise<{ readonly result: SuccessCode; readonly answer: Readonly<Record<string, unknown>> }>,
): Promise<Response> {
  const { call, key, submission } = command
  const destination = wantsJson(call.request) ? undefined : destinationOf(context, submission)
  if (destination === undefined) return jsonResponse((await work()).answer)
  try {
    const { result } = await work()
    return redirectResponse(withOutcome(destination, { ...key, result }))
  } catch (error) {
    if (!isIntegrationError(error)) throw error
    const { code } = reportFailure(context, error)
    return redirectResponse(withOutcome(destination, { ...key, result: code }))
  }
}

/** Where a form is sent afterwards: to an allowed `returnUrl`, else to the settings page. @throws ReturnUrlRefusedError */
export function destinationOf(context: HandlerContext, submission: Submission): string | undefined {
  const wanted = submission.optional('returnUrl')
  return wanted === undefined ? context.pagePath : parseReturnUrl(wanted, context.allowedReturnOrigins)
}

export function wantsJson(request: Request): boolean {
  const accept = request.headers.get('accept') ?? ''
  return mediaTypeOf(request) === 'application/json' || /application\/json/i.test(accept)
}

function labelOf(label: string | undefined): string {
  try {
    return parseLabel(label)
  } catch {
    throw new Refusal('request_invalid', 'label must be text of 1 to 255 characters')
  }
}
