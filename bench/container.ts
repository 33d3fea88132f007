import type { Container } from 'inversify'
import { createIntegrationsContainer } from '../src/application/container/create-integrations-container.ts'
import { BENCH_KEY } from './keys.ts'

export interface BenchContainerOptions {
  readonly databaseUrl: string
  /** Where Google's endpoints are taken to be; by default they are never asked. */
  readonly providerUrl?: string
  readonly readConnections?: number
}

export const BENCH_CLIENT_ID = 'client'

/** The library as a host wires it, with Google Ads as its one platform. */
export function benchContainer(options: BenchContainerOptions): Container {
  const { databaseUrl, providerUrl, readConnections = 1 } = options
  const google = { clientId: BENCH_CLIENT_ID, clientSecret: 'secret' }
  return createIntegrationsContainer({
    database: { connectionString: databaseUrl, readConnections },
    encryption: { key: BENCH_KEY },
    baseUrl: 'https://app.example.com',
    ...(providerUrl === undefined
      ? { providers: { googleAds: google } }
      : {
          emulatorUrl: providerUrl,
          providers: { googleAds: { ...google, endpoints: endpointsAt(providerUrl) } },
        }),
  })
}

function endpointsAt(url: string) {
  return { authorization: `${url}/auth`, token: `${url}/token`, revoke: `${url}/revoke`, ads: `${url}/ads` }
}
