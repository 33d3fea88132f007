import { emulatorApps } from '../apps.ts'
import type { PlatformService } from '../server.ts'
import type { World } from '../world.ts'
import type { KlaviyoKeyring } from './keyring.ts'
import { klaviyoAuthorization, klaviyoRevocation, klaviyoToken } from './oauth.ts'
import { klaviyoThrottle } from './problem.ts'
import { klaviyoResources } from './resources.ts'

/** Klaviyo's API and its OAuth endpoints. */
export function klaviyoService(world: World, keyring: KlaviyoKeyring): PlatformService {
  return {
    platform: 'klaviyo',
    clientId: emulatorApps.klaviyo.clientId,
    prefix: '/klaviyo',
    throttled: () => klaviyoThrottle(),
    forget: (person) => keyring.delete(person),
    route: (call) => {
      const refreshToken = call.form.get('refresh_token')
      const resource = /^\/api\/(accounts|lists|segments)(?:\/\w+)?\/?$/.exec(call.path)?.[1]
      if (resource !== undefined) {
        return { names: ['api', resource], handle: () => klaviyoResources(world, keyring, call) }
      }
      switch (call.path) {
        case '/oauth/authorize':
          return { names: ['dialog'], handle: () => klaviyoAuthorization(world, call) }
        case '/oauth/token':
          return {
            names: ['token', refreshToken === null ? 'exchange' : 'refresh'],
            ...(refreshToken === null ? {} : { credential: refreshToken }),
            handle: () => klaviyoToken(world, call),
          }
        case '/oauth/revoke':
          return { names: ['revoke'], handle: () => klaviyoRevocation(world, call) }
        default:
          return undefined
      }
    },
  }
}
