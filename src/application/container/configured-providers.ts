import type { ContainerModule } from 'inversify'
import { createProviderHttp } from '../../adapters/providers/http/provider-http.ts'
import { parseDefinition } from '../../adapters/providers/oauth2/definition.ts'
import type { OAuth2ClientOptions } from '../../adapters/providers/oauth2/oauth2-client.ts'
import { ConfigInvalidError } from '../../domain/errors.ts'
import { isLoopback } from '../../domain/model/loopback.ts'
import { emulatorEndpoints } from '../../emulator/platform.ts'
import type { Clock } from '../../ports/clock.ts'
import type { IntegrationsConfig } from '../config/integrations-config.ts'
import { everyProblem } from './every-problem.ts'
import { googleAdsModule, klaviyoModule, metaModule, oauth2Module, tiktokModule } from './provider-modules.ts'

/** A module for each platform that the configuration names, over one HTTP client. */
export function providerModules(config: IntegrationsConfig, clock: Clock): readonly ContainerModule[] {
  const { emulatorUrl, providers } = config
  const allowLoopbackHttp = emulatorUrl !== undefined
  if (emulatorUrl !== undefined && !isLoopback(new URL(emulatorUrl).hostname)) {
    throw new ConfigInvalidError(['INTEGRATIONS_EMULATOR_URL: must be on a loopback address'])
  }
  const emulator = emulatorUrl === undefined ? undefined : emulatorEndpoints(emulatorUrl.replace(/\/+$/, ''))
  const common = {
    http: createProviderHttp({ allowLoopbackHttp }),
    allowLoopbackHttp,
    now: () => clock.now(),
  }
  const { meta, googleAds, tiktok, klaviyo, oauth2 } = providers
  return everyProblem<ContainerModule>([
    ...(meta === undefined
      ? []
      : [
          () =>
            metaModule({
              ...common,
              ...meta,
              redirectUri: redirectUri(config, 'meta', meta),
              endpoints: meta.endpoints ?? emulator?.meta,
            }),
        ]),
    ...(googleAds === undefined
      ? []
      : [
          () =>
            googleAdsModule({
              ...common,
              ...googleAds,
              redirectUri: redirectUri(config, 'google_ads', googleAds),
              endpoints: googleAds.endpoints ?? emulator?.google_ads,
            }),
        ]),
    ...(tiktok === undefined
      ? []
      : [
          () =>
            tiktokModule({
              ...common,
              ...tiktok,
              redirectUri: redirectUri(config, 'tiktok', tiktok),
              endpoints: tiktok.endpoints ?? emulator?.tiktok,
            }),
        ]),
    ...(klaviyo === undefined
      ? []
      : [() => klaviyoModule({ ...common, endpoints: klaviyo.endpoints ?? emulator?.klaviyo })]),
    ...oauth2.map((one) => () => standardModule(config, common, one)),
  ])
}

type Common = Pick<OAuth2ClientOptions, 'http' | 'now'> & { readonly allowLoopbackHttp: boolean }

/** A platform from its definition, which is also where its name, and so its redirect URI, comes from. */
function standardModule(
  config: IntegrationsConfig,
  common: Common,
  settings: IntegrationsConfig['providers']['oauth2'][number],
): ContainerModule {
  const { provider } = parseDefinition(settings.definition, common)
  return oauth2Module({ ...common, ...settings, redirectUri: redirectUri(config, provider, settings) })
}

function redirectUri(
  { baseUrl, basePath }: IntegrationsConfig,
  provider: string,
  settings: { readonly redirectUri?: string | undefined },
): string {
  if (settings.redirectUri !== undefined) return settings.redirectUri
  if (baseUrl === undefined)
    throw new ConfigInvalidError([`baseUrl or the redirectUri of ${provider}: is missing`])
  return `${baseUrl.replace(/\/+$/, '')}${basePath}/${provider}/callback`
}
