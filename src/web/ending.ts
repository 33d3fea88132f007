import { DEFAULT_LABEL } from '../domain/model/identifiers.ts'
import type { ProviderName } from '../domain/model/identifiers.ts'
import { MINUTE_MS } from '../domain/model/time.ts'
import type { HandlerContext } from './handler-context.ts'
import { isSuccessCode, labelFields, withOutcome } from './outcomes.ts'
import type { Outcome } from './outcomes.ts'
import { isFailureCode } from './page/words.ts'
import { Refusal } from './refusal.ts'
import { redirectResponse } from './responses.ts'

/** Long enough to read the page and to reload it. */
const LIFETIME_MS = 10 * MINUTE_MS

/** How a flow ended. Who is told was decided at the start; nothing about that is read from the request that ends the flow. */
export interface Ending extends Outcome {
  /** Absent when the way back is not known, or belongs to somebody else's flow. */
  readonly returnUrl: string | undefined
  /** The origin that is told the outcome, for a flow in a popup. */
  readonly opener: string | undefined
}

/** Redirects to `returnUrl` or to our own last page, so that no address with a code or a state stays in the browser. */
export async function endingResponse(
  context: HandlerContext,
  ending: Ending,
  cookies: readonly string[] = [],
): Promise<Response> {
  const { opener, returnUrl } = ending
  const isLeft = opener === undefined && returnUrl !== undefined
  const location = isLeft ? withOutcome(returnUrl, ending) : await doneAddress(context, ending)
  return redirectResponse(location, { cookies })
}

/** Reads the address of a last page. @throws Refusal for an address that we did not issue, or issued too long ago */
export async function readEnding(
  context: HandlerContext,
  provider: ProviderName,
  query: URLSearchParams,
): Promise<Ending> {
  const content = new URLSearchParams(query)
  content.delete('mac')
  const isOurs = await context.keys.isSigned('done', [provider, content.toString()], query.get('mac') ?? '')
  const isLate = context.clock.now() - Number(content.get('at')) > LIFETIME_MS
  const result = content.get('result') ?? ''
  if (!isOurs || isLate || !(isSuccessCode(result) || isFailureCode(result))) throw new Refusal('not_found')
  return {
    ...{ provider, result },
    label: content.get('label') ?? DEFAULT_LABEL,
    returnUrl: content.get('returnUrl') ?? undefined,
    opener: content.get('opener') ?? undefined,
  }
}

async function doneAddress(
  { basePath, clock, keys }: HandlerContext,
  { label, opener, provider, result, returnUrl }: Ending,
): Promise<string> {
  const content = new URLSearchParams({
    result,
    ...labelFields(label),
    ...(returnUrl === undefined ? {} : { returnUrl }),
    ...(opener === undefined ? {} : { opener }),
    at: String(clock.now()),
  })
  const mac = await keys.sign('done', [provider, content.toString()])
  return `${basePath}/${provider}/done?${content.toString()}&mac=${mac}`
}
