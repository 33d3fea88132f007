import { createHmac, timingSafeEqual } from 'node:crypto'
import { MINUTE_MS, SECOND_MS } from '../domain/model/time.ts'
import type { Instant } from '../domain/model/time.ts'
import { Refusal } from './refusal.ts'

const LONGEST = 8_192
const OLDEST_MS = 15 * MINUTE_MS
const SKEW_MS = 5 * MINUTE_MS
/** Base64url; some senders pad the signature. */
const FORM = /^([A-Za-z0-9_-]{43})=?\.([A-Za-z0-9_-]+)$/

/**
 * Reads which person a `signed_request` is about. The signature is HMAC-SHA256 under the app secret, over the payload as it
 * was sent. Another algorithm is refused, whatever the payload claims, and so is a request that was not issued just now.
 * @throws Refusal
 */
export function readSignedRequest(
  signedRequest: string,
  appSecrets: readonly string[],
  now: Instant,
): { readonly subjectId: string } {
  const [, signature = '', payload = ''] = FORM.exec(signedRequest.slice(0, LONGEST + 1)) ?? []
  if (signature === '' || signedRequest.length > LONGEST) throw new Refusal('signed_request_invalid')
  const given = Buffer.from(signature, 'base64url')
  // The last of 43 characters carries two spare bits: only one spelling of a signature is accepted.
  const isCanonical = given.toString('base64url') === signature
  const isSigned = appSecrets.some((secret) => {
    const right = createHmac('sha256', secret).update(payload).digest()
    return right.length === given.length && timingSafeEqual(right, given)
  })
  if (!isCanonical || !isSigned) throw new Refusal('signed_request_invalid')
  return readPayload(payload, now)
}

function readPayload(encoded: string, now: Instant): { readonly subjectId: string } {
  const payload = parse(Buffer.from(encoded, 'base64url').toString('utf8'))
  const issuedAt = typeof payload['issued_at'] === 'number' ? payload['issued_at'] * SECOND_MS : undefined
  const expires = payload['expires']
  const isOver = typeof expires === 'number' && expires > 0 && expires * SECOND_MS < now
  const isOfNow = issuedAt !== undefined && issuedAt >= now - OLDEST_MS && issuedAt <= now + SKEW_MS
  const subjectId = payload['user_id']
  if (payload['algorithm'] !== 'HMAC-SHA256' || !isOfNow || isOver)
    throw new Refusal('signed_request_invalid')
  if (typeof subjectId !== 'string' || !/^\d{1,32}$/.test(subjectId))
    throw new Refusal('signed_request_invalid')
  return { subjectId }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null) return { ...parsed }
  } catch {
    // Answered like every other invalid request.
  }
  throw new Refusal('signed_request_invalid')
}
