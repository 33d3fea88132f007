import type { SingleFlight } from '../../domain/model/single-flight.ts'
import { AuthorizationDeniedError, isIntegrationError } from '../../domain/errors.ts'
import type { ProviderName } from '../../domain/model/identifiers.ts'
import { DEFAULT_LABEL, parseTenantId } from '../../domain/model/identifiers.ts'
import { MINUTE_MS } from '../../domain/model/time.ts'
import { isPermitted } from '../call.ts'
import type { Call } from '../call.ts'
import { endingResponse } from '../ending.ts'
import { reportFailure } from '../failures.ts'
import type { ReturningFlow } from '../flow-cookies.ts'
import type { HandlerContext } from '../handler-context.ts'
import type { Principal } from '../handler-options.ts'
import { failurePage } from '../page/failure-page.ts'
import { Refusal } from '../refusal.ts'
import { initiatorOf } from './start.ts'

/** The store's clock says when a connection was made, a process's clock when its flow was started. */
const SKEW_MS = MINUTE_MS

interface Arrival {
  readonly call: Call
  readonly provider: ProviderName
  readonly state: string | undefined
  readonly principal: Principal | null
  readonly flow: ReturningFlow | undefined
}

/** Completions under way, so that a reload during the exchange gets the outcome of the first request. */
export type Completions = SingleFlight<string>

/** Ends a flow. Whatever happens, the browser is redirected or shown a page, and its cookie for this flow is deleted. */
export async function completeConnection(
  context: HandlerContext,
  completions: Completions,
  call: Call,
  provider: ProviderName,
): Promise<Response> {
  const [state, ...more] = call.query.getAll('state')
  const known = more.length === 0 ? state : undefined
  const principal = await context.authenticate(call.request)
  const flow = known === undefined ? undefined : await context.flows.find(call.request, provider, known)
  const arrival = { call, provider, state: known, principal, flow }
  const cookies = flow === undefined || known === undefined ? [] : [context.flows.end(provider, known)]
  try {
    const returnUrl = await completions.run(keyOf(arrival), () => complete(context, arrival))
    const { label = DEFAULT_LABEL, opener } = flow ?? {}
    return await endingResponse(context, { provider, label, returnUrl, opener, result: 'connected' }, cookies)
  } catch (error) {
    if (!isIntegrationError(error) && !(error instanceof Refusal)) throw error
    return answerFailure(context, arrival, error, cookies)
  }
}

/** Resolves with the URL to return to. A flow that this browser has already finished counts as a success. */
async function complete(context: HandlerContext, arrival: Arrival): Promise<string> {
  const { call, provider, principal, flow } = arrival
  const isAllowed = principal === null || (await isPermitted(context, principal, provider, 'connect'))
  try {
    const { returnUrl } = await context.connections.complete(provider, {
      callback: isAllowed ? call.query : declined(call.query),
      ...(principal === null ? {} : { initiator: initiatorOf(principal) }),
      ...(flow === undefined ? {} : { browser: flow.browser }),
    })
    return returnUrl
  } catch (error) {
    if (!isAllowed && error instanceof AuthorizationDeniedError) throw new Refusal('forbidden')
    const finished = await finishedBefore(context, arrival, error)
    if (finished === undefined) throw error
    return finished
  }
}

/** The same response as if the person had declined: the state is spent, the platform is never asked. */
function declined(query: URLSearchParams): URLSearchParams {
  const iss = query.get('iss')
  return new URLSearchParams({
    state: query.get('state') ?? '',
    error: 'access_denied',
    ...(iss === null ? {} : { iss }),
  })
}

async function finishedBefore(
  context: HandlerContext,
  { flow, principal, provider }: Arrival,
  error: unknown,
): Promise<string | undefined> {
  if (!isIntegrationError(error) || error.code !== 'state_invalid') return undefined
  if (flow?.returnUrl === undefined || principal === null) return undefined
  const key = { tenantId: parseTenantId(principal.tenantId), provider, label: flow.label }
  const connection = await context.connections.get(key)
  const isOfThisFlow = connection !== undefined && connection.connectedAt >= flow.startedAt - SKEW_MS
  return isOfThisFlow ? flow.returnUrl : undefined
}

async function answerFailure(
  context: HandlerContext,
  { flow, provider }: Arrival,
  error: unknown,
  cookies: readonly string[],
): Promise<Response> {
  const failure = reportFailure(context, error)
  // Somebody else's flow is not continued: the person who opened the link is told what happened, and so is a popup's opener.
  const isStrangers = failure.code === 'initiator_mismatch' || failure.code === 'browser_mismatch'
  if (flow === undefined || (isStrangers && flow.opener === undefined)) {
    return failurePage(context, failure, { provider, cookies })
  }
  const { label, opener } = flow
  const returnUrl = isStrangers ? undefined : flow.returnUrl
  return endingResponse(context, { provider, label, returnUrl, opener, result: failure.code }, cookies)
}

function keyOf({ call, principal, flow }: Arrival): string {
  return JSON.stringify([
    call.query.toString(),
    flow?.browser ?? null,
    principal === null ? null : [principal.tenantId, principal.userId, principal.sessionId ?? null],
  ])
}
