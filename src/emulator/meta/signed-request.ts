import { createHmac } from 'node:crypto'
import { emulatorApps } from '../apps.ts'
import type { World } from '../world.ts'
import { appScopedId } from './token.ts'

/** What a callback of the app answered. */
export interface CallbackAnswer {
  readonly status: number
  readonly body: string
}

/** A `signed_request` about that person, as Meta posts it to an app. */
export function signedRequest(
  world: World,
  person: string,
  overrides: Readonly<Record<string, unknown>> = {},
): string {
  const payload = Buffer.from(
    JSON.stringify({
      user_id: appScopedId(person),
      algorithm: 'HMAC-SHA256',
      issued_at: world.nowSeconds(),
      expires: 0,
      ...overrides,
    }),
  ).toString('base64url')
  const signature = createHmac('sha256', emulatorApps.meta.clientSecret).update(payload).digest('base64url')
  return `${signature}.${payload}`
}

/** Posts a signed request to a callback URL of the app. */
export async function postSignedRequest(url: string, signed: string): Promise<CallbackAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ signed_request: signed }),
  })
  return { status: response.status, body: await response.text() }
}
