import { isIntegrationError } from '../../domain/errors.ts'
import type { ConnectionKey } from '../../domain/model/identifiers.ts'
import { base64url } from '../../domain/model/bytes.ts'
import { SECOND_MS } from '../../domain/model/time.ts'
import type { Call } from '../call.ts'
import type { HandlerContext } from '../handler-context.ts'
import { readSignedRequest } from '../meta-signed-request.ts'
import { deletionPage } from '../page/deletion-page.ts'
import { Refusal } from '../refusal.ts'
import { htmlResponse, jsonResponse } from '../responses.ts'
import { readSubmission } from '../submission.ts'

const META = 'meta'

/**
 * A person removed the app at Meta. What Meta says of their tokens decides: each connection is verified now, and one
 * that is dead asks its tenant to reconnect. A callback that comes late or twice changes nothing that works.
 */
export async function metaDeauthorize(context: HandlerContext, call: Call): Promise<Response> {
  const { keys } = await connectionsMeant(context, call)
  for (const key of keys) context.background.keep(context.accessTokens.refresh(key))
  return jsonResponse({ received: true })
}

/** A person wants their data deleted: their connections end, and the answer says where to see that they did. */
export async function metaDataDeletion(context: HandlerContext, call: Call): Promise<Response> {
  const { keys, subjectId } = await connectionsMeant(context, call)
  for (const key of keys) await disconnectIfThere(context, key)
  const code = await confirmationCode(context, subjectId)
  const url = `${context.baseUrl}${context.basePath}/meta/data-deletion?code=${code}`
  return jsonResponse({ url, confirmation_code: code })
}

/** What a person sees at the address that Meta shows them. The code proves itself: nothing is kept about them. */
export async function metaDeletionStatus(context: HandlerContext, call: Call): Promise<Response> {
  const [at = '', subject = '', signature = ''] = (call.query.get('code') ?? '').split('-')
  const isOurs = await context.keys.isSigned('deletion', [at, subject], decodeSignature(signature))
  if (!isOurs) throw new Refusal('not_found')
  return htmlResponse(deletionPage(context, Number.parseInt(at, 36) * SECOND_MS))
}

async function connectionsMeant(
  context: HandlerContext,
  call: Call,
): Promise<{ keys: readonly ConnectionKey[]; subjectId: string }> {
  const { metaCallbacks } = context
  if (metaCallbacks === undefined) throw new Refusal('not_found')
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

async function confirmationCode(context: HandlerContext, subjectId: string): Promise<string> {
  const at = Math.floor(context.clock.now() / SECOND_MS).toString(36)
  const subject = hex(context.digest.sha256(`deletion:${subjectId}`)).slice(0, 12)
  const signature = await context.keys.sign('deletion', [at, subject])
  return [at, subject, Buffer.from(signature, 'base64url').toString('hex')].join('-')
}

/** Codes are spelled in hex, which people can read out and no mail client breaks. */
function decodeSignature(signature: string): string {
  return base64url(Buffer.from(signature, 'hex'))
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
