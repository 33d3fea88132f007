import type { ProviderName } from '../../domain/model/identifiers.ts'
import { isIntegrationError } from '../../domain/errors.ts'
import type { Initiator } from '../../domain/model/pending-authorization.ts'
import { acceptCommand, destinationOf, wantsJson } from '../call.ts'
import type { Call, Command } from '../call.ts'
import { endingResponse } from '../ending.ts'
import { reportFailure } from '../failures.ts'
import type { NewFlow } from '../flow-cookies.ts'
import type { HandlerContext } from '../handler-context.ts'
import type { Principal } from '../handler-options.ts'
import { Refusal } from '../refusal.ts'
import { jsonResponse, redirectResponse } from '../responses.ts'
import type { Submission } from '../submission.ts'

/** Sends the browser to the platform, with the cookie that later proves that the same browser came back. */
export async function startConnection(
  context: HandlerContext,
  call: Call,
  provider: ProviderName,
): Promise<Response> {
  const command = await acceptCommand(context, call, provider, 'connect')
  const returnUrl = destinationOf(context, command.submission)
  if (returnUrl === undefined) throw new Refusal('request_invalid', 'returnUrl is missing')
  const opener = openerOf(context, command.submission, returnUrl)
  try {
    const { authUrl, cookies } = await begin(context, command, { returnUrl, opener })
    return wantsJson(call.request)
      ? jsonResponse({ authUrl }, { cookies })
      : redirectResponse(authUrl, { cookies })
  } catch (error) {
    if (wantsJson(call.request) || !isIntegrationError(error)) throw error
    const { code } = reportFailure(context, error)
    return endingResponse(context, { ...command.key, returnUrl, opener, result: code })
  }
}

/** The initiator includes the tenant, so that a user of two tenants cannot finish in one what they started in the other. */
export function initiatorOf(principal: Principal): Initiator {
  const userId = JSON.stringify([principal.tenantId, principal.userId])
  return { userId, sessionId: principal.sessionId }
}

/** The origin of `returnUrl` is told the outcome of a popup; a flow in a page tells nobody. */
function openerOf(
  { baseUrl }: HandlerContext,
  submission: Submission,
  returnUrl: string,
): string | undefined {
  const display = submission.optional('display') ?? 'page'
  if (display !== 'page' && display !== 'popup')
    throw new Refusal('request_invalid', 'display must be page or popup')
  return display === 'popup' ? new URL(returnUrl, baseUrl).origin : undefined
}

async function begin(
  context: HandlerContext,
  { call, key, principal, submission }: Command,
  { returnUrl, opener }: Pick<NewFlow, 'returnUrl' | 'opener'>,
): Promise<{ authUrl: string; cookies: readonly string[] }> {
  const browser = context.flows.newSecret()
  const { authUrl, state } = await context.connections.start({
    key,
    returnUrl,
    initiator: initiatorOf(principal),
    browser,
    allowAccountChange: submission.isSet('allowAccountChange'),
  })
  return {
    authUrl,
    cookies: await context.flows.begin(call.request, {
      ...{ state, browser, returnUrl, opener },
      provider: key.provider,
      label: key.label,
    }),
  }
}
