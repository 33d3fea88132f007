import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type { PlatformBehaviour, PlatformRequest } from '../../scripted-platform.ts'
import { failureOf } from './harness.ts'
import type { ProviderClientPromises, ProviderClientSetting } from './harness.ts'

/** Where secrets must not turn up. */
export const secrecyPromises: ProviderClientPromises = {
  'puts no secret into an address': keepsAddressesClean,
  'puts no secret into a failure, though the platform echo everything': keepsFailuresClean,
  'shows no secret when it is printed itself': keepsItselfClean,
}

async function keepsAddressesClean(setting: ProviderClientSetting): Promise<void> {
  const { calls, platform, secrets, secretPaths = [] } = setting
  for (const call of calls) {
    platform.follow((request) => call.answer(request))
    await call.run()
    for (const { target, path } of platform.requests) {
      if (!secretPaths.includes(path)) expectClean(target, secrets, `the address of ${call.name}`)
    }
  }
}

async function keepsFailuresClean({ calls, platform, secrets }: ProviderClientSetting): Promise<void> {
  for (const call of calls) {
    for (const echo of call.ignoresBody === true ? refusingEchoes : [...refusingEchoes, successEcho]) {
      platform.follow(echo)
      const failure = await failureOf(call, 'an echo')
      const printed = [inspect(failure, { depth: 10, showHidden: true }), String(failure), failure.stack]
      expectClean([...printed, JSON.stringify(failure)].join('\n'), secrets, `a failure of ${call.name}`)
    }
  }
}

async function keepsItselfClean({ client, secrets }: ProviderClientSetting): Promise<void> {
  const printed = [inspect(client, { depth: 10, showHidden: true }), JSON.stringify(client)]
  expectClean(printed.join('\n'), secrets, 'the client')
}

/** Everything that was sent, as text, in every place where an answer can carry text. */
const refusingEchoes: readonly ((request: PlatformRequest) => PlatformBehaviour)[] = [
  (request) => ({ status: 400, body: echoOf(request) }),
  (request) => ({ status: 500, body: echoOf(request) }),
  (request) => ({ status: 401, body: JSON.stringify(errorsNaming(echoOf(request))) }),
  (request) => ({ status: 400, body: JSON.stringify(errorsNaming(secretsOf(request))) }),
  (request) => ({
    status: 302,
    headers: { location: `http://127.0.0.1:9/${encodeURIComponent(echoOf(request))}` },
  }),
]

function successEcho(request: PlatformRequest): PlatformBehaviour {
  return { status: 200, body: echoOf(request) }
}

function echoOf({ target, headers, body }: PlatformRequest): string {
  return `${target} ${JSON.stringify(headers)} ${body}`
}

function secretsOf({ parameters, headers }: PlatformRequest): string {
  return [...parameters.values(), headers.authorization ?? ''].join('_')
}

/** The text as the code and the message of every platform's way of writing an error. */
function errorsNaming(text: string): object {
  return {
    error: text,
    error_description: text,
    errors: [{ code: text, detail: text }],
    code: text,
    message: text,
  }
}

function expectClean(printed: string, secrets: readonly string[], where: string): void {
  for (const secret of secrets) {
    const base64 = Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(0, -1)
    const hex = Buffer.from(secret).toString('hex')
    for (const form of [secret, encodeURIComponent(secret), base64, hex]) {
      assert.ok(!printed.includes(form), `${where} shows a secret`)
    }
  }
}
