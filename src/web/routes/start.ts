import type { ProviderName } from '../../domain/model/identifiers.ts'
import { isIntegrationError } from '../../domain/errors.ts'
import type { Initiator } from '../../domain/model/pending-authorization.ts'
import { acceptCommand, destinationOf, wantsJson } from '../call.ts'
import type { Call, Command } from '../call.ts'
import { endingResponse } from '../ending.ts'
import type { Display } from '../flow-cookies.ts'
import type { HandlerContext } from '../handler-context.ts'
import type { Principal } from '../handler-options.ts'
import { failureOf } from '../outcomes.ts'
import { Refusal } from '../refusal.ts'
import { jsonResponse, redirectResponse } from '../responses.ts'
import type { Submission } from '../submission.ts'

/** Sends the browser to the platform, with the cookie that proves at the end that it is the same browser. */
export async function startConnection(
  context: HandlerContext,
  call: Call,
  provider: ProviderName,
): Promise<Response> {
  const command = await acceptCommand(context, call, provider, 'connect')
  const returnUrl = destinationOf(context, command.submission)
  if (returnUrl === undefined) throw new Refusal('request_invalid', 'returnUrl is missing')
  const display = displayOf(command.submission)
  try {
    const { authUrl, cookies } = await begin(context, command, { returnUrl, display })
    return wantsJson(call.request)
      ? jsonResponse({ authUrl }, { cookies })
      : redirectResponse(authUrl, { cookies })
  } catch (error) {
    if (wantsJson(call.request) || !isIntegrationError(error)) throw error
    const { code } = failureOf(error, context.clock.now())
    const opener = openerOf(context, display, returnUrl)
    return endingResponse(context, { provider, returnUrl, opener, result: code })
  }
}

/** The tenant is part of who started, so that a user of two tenants cannot finish in one what began in the other. */
export function initiatorOf(principal: Principal): Initiator {
  const userId = JSON.stringify([principal.tenantId, principal.userId])
  return { userId, sessionId: principal.sessionId }
}

/** The origin of the window that hears of the outcome, where the flow takes place in one of its own. */
export function openerOf(
  { baseUrl }: HandlerContext,
  display: Display | undefined,
  returnUrl: string,
): string | undefined {
  return display === 'popup' ? new URL(returnUrl, baseUrl).origin : undefined
}

function displayOf(submission: Submission): Display {
  const wanted = submission.optional('display') ?? 'page'
  if (wanted !== 'page' && wanted !== 'popup')
    throw new Refusal('request_invalid', 'display must be page or popup')
  return wanted
}

async function begin(
  context: HandlerContext,
  { call, key, principal, submission }: Command,
  { returnUrl, display }: { readonly returnUrl: string; readonly display: Display },
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
      ...{ state, browser, returnUrl, display },
      provider: key.provider,
      label: key.label,
    }),
  }
}
