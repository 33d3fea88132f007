import { isIntegrationError } from '../domain/errors.ts'
import type { HandlerContext } from './handler-context.ts'
import { concernsOperator, failureOf } from './outcomes.ts'

/** Logs what an operator should know of, whether the sender of the request gets a page, JSON or a redirect. */
export function tellOperator({ clock, logger }: HandlerContext, error: unknown): void {
  if (!concernsOperator(error)) return
  const { code } = failureOf(error, clock.now())
  const kind = error instanceof Error ? error.name : typeof error
  // Of an unknown error only its kind is told: its message may quote what it failed on.
  const reason = isIntegrationError(error) ? { reason: error.message } : {}
  logger.log('error', 'A request to the integrations handler failed', { code, kind, ...reason })
}
