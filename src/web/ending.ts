import { DEFAULT_LABEL } from '../domain/model/identifiers.ts'
import type { ProviderName } from '../domain/model/identifiers.ts'
import { MINUTE_MS } from '../domain/model/time.ts'
import type { HandlerContext } from './handler-context.ts'
import { isSuccessCode, labelFields, withOutcome } from './outcomes.ts'
import type { Outcome } from './outcomes.ts'
import { isFailureCode } from './page/words.ts'
import { Refusal } from './refusal.ts'
import { redirectResponse } from './responses.ts'

/** Long enough to look at the page and to load it again. */
const LIFETIME_MS = 10 * MINUTE_MS

/** How a flow ended. Where that is told was decided at the start: nothing of it is read from the request that ends it. */
export interface Ending extends Outcome {
  /** Absent where the way back is not known, or not for the one who came. */
  readonly returnUrl: string | undefined
  /** The origin that hears of it, for a flow in a window that was opened for it. */
  readonly opener: string | undefined
}

/** Sends the browser on, so that no address with a code or a state stays: to its `returnUrl`, or to a last page of ours. */
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

/** What the address of a last page says. @throws Refusal for one that was not given out here lately */
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
