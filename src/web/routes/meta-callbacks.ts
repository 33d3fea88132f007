import { isIntegrationError } from '../../domain/errors.ts'
import type { ConnectionKey } from '../../domain/model/identifiers.ts'
import type { Call } from '../call.ts'
import { deletedAt, deletionCode } from '../deletion-code.ts'
import type { HandlerContext } from '../handler-context.ts'
import type { MetaCallbackOptions } from '../handler-options.ts'
import { readSignedRequest } from '../meta-signed-request.ts'
import { deletionPage } from '../page/deletion-page.ts'
import { Refusal } from '../refusal.ts'
import { jsonResponse } from '../responses.ts'
import { readSubmission } from '../submission.ts'

const META = 'meta'

/**
 * A person removed the app at Meta. Each of their connections is verified now, and Meta's answer about the token decides: a
 * dead one makes the connection ask its tenant to reconnect. A callback that comes late or twice does not harm a connection
 * that works.
 */
export async function metaDeauthorize(
  context: HandlerContext,
  metaCallbacks: MetaCallbackOptions,
  call: Call,
): Promise<Response> {
  const { keys } = await connectionsMeant(context, metaCallbacks, call)
  for (const key of keys) context.background.keep(context.accessTokens.refresh(key))
  return jsonResponse({ received: true })
}

/** A person wants their data deleted: their connections end, and the answer says where they can check that. */
export async function metaDataDeletion(
  context: HandlerContext,
  metaCallbacks: MetaCallbackOptions,
  call: Call,
): Promise<Response> {
  const { keys, subjectId } = await connectionsMeant(context, metaCallbacks, call)
  for (const key of keys) await disconnectIfThere(context, key)
  const deletion = { at: context.clock.now(), subjectId }
  const code = deletionCode(context.digest, metaCallbacks.appSecrets, deletion)
  const url = `${context.baseUrl}${context.basePath}/meta/data-deletion?code=${code}`
  return jsonResponse({ url, confirmation_code: code })
}

/** The page at the address that Meta shows to the person. */
export function metaDeletionStatus(
  context: HandlerContext,
  { appSecrets }: MetaCallbackOptions,
  call: Call,
): Response {
  const at = deletedAt(context.digest, appSecrets, call.query.get('code') ?? '')
  if (at === undefined) throw new Refusal('not_found')
  return deletionPage(context, at)
}

async function connectionsMeant(
  context: HandlerContext,
  metaCallbacks: MetaCallbackOptions,
  call: Call,
): Promise<{ keys: readonly ConnectionKey[]; subjectId: string }> {
  const signedRequest = (await readSubmission(call.request)).required('signed_request')
  const { subjectId } = readSignedRequest(signedRequest, metaCallbacks.appSecrets, context.clock.now())
  const { issuer } = context.providers.get(META).traits
  const owner = { provider: META, clientId: metaCallbacks.appId, subject: { issuer, id: subjectId } }
  return { keys: await context.due.connectionsOf(owner), subjectId }
}

async function disconnectIfThere(context: HandlerContext, key: ConnectionKey): Promise<void> {
  try {
    await context.connections.disconnect(key)
  } catch (error) {
    if (!isIntegrationError(error) || error.code !== 'not_connected') throw error
  }
}
