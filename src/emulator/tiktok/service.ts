import { emulatorApps } from '../apps.ts'
import type { Answer, Call } from '../exchange.ts'
import type { PlatformService } from '../server.ts'
import type { World } from '../world.ts'
import { advertiserInfo, authorisedAdvertisers, exchangeAuthCode, revokeToken } from './business-api.ts'
import { tiktokAnswer } from './envelope.ts'
import { tiktokPortal } from './portal.ts'

interface Operation {
  readonly method: 'GET' | 'POST'
  readonly names: readonly string[]
  readonly answer: (world: World, call: Call) => Answer
}

// Every path ends in a slash; without it TikTok answers 404.
const operations: Readonly<Record<string, Operation>> = {
  '/oauth2/access_token/': { method: 'POST', names: ['token', 'exchange'], answer: exchangeAuthCode },
  '/oauth2/revoke_token/': { method: 'POST', names: ['revoke'], answer: revokeToken },
  '/oauth2/advertiser/get/': { method: 'GET', names: ['api', 'accounts'], answer: authorisedAdvertisers },
  '/advertiser/info/': { method: 'GET', names: ['api', 'advertiser_info'], answer: advertiserInfo },
}

/** TikTok's authorization portal and the Business API v1.3 as far as a connection needs it. */
export function tiktokService(world: World): PlatformService {
  return {
    platform: 'tiktok',
    clientId: emulatorApps.tiktok.clientId,
    prefix: '/tiktok',
    throttled: () => tiktokAnswer(40100, 'Too many requests. Please retry in some time.'),
    route: (call) => {
      if (/^\/portal\/auth\/?$/.test(call.path))
        return { names: ['dialog'], handle: () => tiktokPortal(world, call) }
      const path = /^\/open_api\/v1\.3(\/.*)$/.exec(call.path)?.[1] ?? ''
      const operation = Object.hasOwn(operations, path) ? operations[path] : undefined
      if (!operation) return undefined
      const isRightMethod = operation.method === call.method
      const wrongMethod = (): Answer =>
        tiktokAnswer(40007, `Method ${call.method} is not supported for this endpoint.`)
      return {
        names: operation.names,
        handle: () => (isRightMethod ? operation.answer(world, call) : wrongMethod()),
      }
    },
  }
}
