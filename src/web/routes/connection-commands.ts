import type { ProviderName } from '../../domain/model/identifiers.ts'
import { acceptCommand, perform } from '../call.ts'
import type { Call } from '../call.ts'
import type { HandlerContext } from '../handler-context.ts'
import { connectionView } from '../views.ts'

/** Chooses the ad account that the connection is about. */
export async function selectAccount(
  context: HandlerContext,
  call: Call,
  provider: ProviderName,
): Promise<Response> {
  const command = await acceptCommand(context, call, provider, 'choose')
  return perform(context, command, async () => {
    const accountId = command.submission.required('accountId')
    const connection = await context.connections.selectAccount(command.key, accountId)
    return { result: 'account_selected', answer: { connection: connectionView(connection) } }
  })
}

/** Asks the platform again which accounts the grant reaches. */
export async function updateAccounts(
  context: HandlerContext,
  call: Call,
  provider: ProviderName,
): Promise<Response> {
  const command = await acceptCommand(context, call, provider, 'choose')
  return perform(context, command, async () => {
    const connection = await context.connections.rediscover(command.key)
    return { result: 'accounts_updated', answer: { connection: connectionView(connection) } }
  })
}

/** Renews the token now, or verifies it where nothing can be renewed. The token itself is never in the answer. */
export async function refreshConnection(
  context: HandlerContext,
  call: Call,
  provider: ProviderName,
): Promise<Response> {
  const command = await acceptCommand(context, call, provider, 'refresh')
  return perform(context, command, async () => {
    await context.accessTokens.refresh(command.key)
    const connection = await context.connections.get(command.key)
    return {
      result: 'refreshed',
      answer: {
        refreshed: true,
        ...(connection === undefined ? {} : { connection: connectionView(connection) }),
      },
    }
  })
}

/** Ends the connection here at once, and at the platform at once or from a queue. */
export async function disconnectConnection(
  context: HandlerContext,
  call: Call,
  provider: ProviderName,
): Promise<Response> {
  const command = await acceptCommand(context, call, provider, 'disconnect')
  return perform(context, command, async () => {
    const revoked = await context.connections.disconnect(command.key)
    return { result: 'disconnected', answer: { disconnected: true, revoked } }
  })
}
