import { parseTenantId } from '../domain/model/identifiers.ts'
import type { HandlerOptions, Principal } from './handler-options.ts'

/**
 * Who is signed in, as the host's `authenticate` has it. A flow that is bound to `undefined` in place of a user is bound
 * to everybody without an id, so nothing is left to the types here. Rejects with an error that tells the operator which
 * part is wrong, and never what it is.
 */
export function checkedPrincipals(
  authenticate: HandlerOptions['authenticate'],
): (request: Request) => Promise<Principal | null> {
  return async (request) => {
    const principal = (await authenticate(request)) ?? null
    if (principal === null) return null
    if (typeof principal !== 'object') throw new PrincipalInvalidError()
    parseTenantId(principal.tenantId)
    const { userId, sessionId }: { readonly userId: unknown; readonly sessionId?: unknown } = principal
    if (typeof userId !== 'string' || userId === '') throw new PrincipalInvalidError('userId')
    if (typeof (sessionId ?? '') !== 'string') throw new PrincipalInvalidError('sessionId')
    return principal
  }
}

/** A mistake of the host's. Its name says where, because the log shows nothing else of an error that is not public. */
class PrincipalInvalidError extends Error {
  constructor(member?: 'userId' | 'sessionId') {
    super('authenticate must give nobody, or a tenantId and a userId that are text, and text for a sessionId')
    this.name = member === undefined ? 'PrincipalInvalidError' : `PrincipalInvalidError (${member})`
  }
}
