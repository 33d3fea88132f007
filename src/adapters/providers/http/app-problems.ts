import { endpointProblems } from './endpoint.ts'

/** Who our app is at a platform, and where it asks. */
export interface AppSettings {
  /** The app's id and secret, by the names of their settings. A secret that is left out belongs to a public client. */
  readonly credentials: Readonly<Record<string, string | undefined>>
  readonly redirectUri: string
  /** By the names that they have under `endpoints`. */
  readonly endpoints?: Readonly<Record<string, string | undefined>>
  readonly allowLoopbackHttp?: boolean | undefined
}

/** Everything that is wrong with an app's settings, each problem under the name of its setting, without the value. */
export function appProblems(settings: AppSettings): readonly string[] {
  const { credentials, redirectUri, endpoints = {}, allowLoopbackHttp } = settings
  const empty = Object.entries(credentials).filter(([, value]) => value === '')
  return [
    ...empty.map(([name]) => `${name}: must not be empty`),
    ...(URL.canParse(redirectUri) ? [] : ['redirectUri: must be an absolute URL']),
    ...endpointProblems(endpoints, { allowLoopbackHttp }).map((problem) => `endpoints.${problem}`),
  ]
}
