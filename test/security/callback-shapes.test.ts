import { expect, test } from 'vitest'
import { IDS } from '../../src/application/container/identifiers.ts'
import { isIntegrationError } from '../../src/domain/errors.ts'
import type { Callback } from '../../src/domain/model/callback.ts'
import { startGrantingPlatform } from './granting-platform.ts'
import { complete, newTenant, openWorld, outcomeOf, start, storedConnections } from './world.ts'

const withoutState: readonly (readonly [string, (state: string) => string])[] = [
  ['nothing', () => ''],
  ['no state', () => 'code=c'],
  ['an error without a state', () => 'error=access_denied'],
  ['two states', (state) => `code=c&state=${state}&state=${state}`],
  ['an empty state', () => 'code=c&state='],
  ['arrays', (state) => `code[]=c&state[]=${state}`],
  ['a bad percent in the state', (state) => `code=c&state=${state}%ZZ`],
]

test.each(withoutState)(
  'a callback with %s spends no state, and the platform is not asked',
  async (_what, queryOf) => {
    const acme = await startGrantingPlatform()
    const world = await openWorld({ platforms: [acme] })
    const container = world.process()
    const { state } = await start(container, newTenant())
    const outcome = await complete(container, new URLSearchParams(queryOf(state)))

    expect(['callback_invalid', 'state_invalid']).toContain(outcome)
    expect(acme.requests).toHaveLength(0)
    expect(await storedConnections(world)).toBe(0)
    expect(await complete(container, { code: 'code', state })).toBe('connected')
  },
)

const queries: readonly (readonly [string, (state: string) => string])[] = [
  ['two codes', (state) => `code=c&code=d&state=${state}`],
  ['a code and an error', (state) => `code=c&error=access_denied&state=${state}`],
  ['two errors', (state) => `error=a&error=b&state=${state}`],
  ['an empty code', (state) => `code=&state=${state}`],
  ['NUL in the code', (state) => `code=c%00&state=${state}`],
  ['line breaks in the code', (state) => `code=c%0d%0aX: y&state=${state}`],
  ['letters outside ASCII', (state) => `code=%F0%9F%94%91&state=${state}`],
  ['a megabyte of code', (state) => `code=${'c'.repeat(1_000_000)}&state=${state}`],
  ['a megabyte beside the code', (state) => `code=c&state=${state}&x=${'x'.repeat(1_000_000)}`],
]

test.each(queries)(
  'a callback with %s is refused with a typed error, and the platform is not asked',
  async (_what, queryOf) => {
    const acme = await startGrantingPlatform()
    const world = await openWorld({ platforms: [acme] })
    const container = world.process()
    const tenant = newTenant()
    const { state } = await start(container, tenant)

    expect(await complete(container, new URLSearchParams(queryOf(state)))).toBe('callback_invalid')
    expect(world.events.at(-1)).toMatchObject({ tenantId: tenant, reason: 'callback_invalid' })
    expect(await complete(container, { code: 'code', state })).toBe('state_invalid')
    expect(acme.requests).toHaveLength(0)
    expect(await storedConnections(world)).toBe(0)
  },
)

const objects: readonly (readonly [string, (state: string) => unknown])[] = [
  ['an array of states', (state) => ({ code: 'c', state: [state] })],
  ['a number for a code', (state) => ({ code: 7, state })],
  ['an object for a state', () => ({ code: 'c', state: { toString: () => 'x' } })],
  ['both outcomes', (state) => ({ code: 'c', error: 'access_denied', state })],
]

test.each(objects)('an object of a host’s router with %s is refused too', async (_what, callbackOf) => {
  const acme = await startGrantingPlatform()
  const container = (await openWorld({ platforms: [acme] })).process()
  const { state } = await start(container, newTenant())
  const callback = asRouted(callbackOf(state))

  expect(await outcomeOf(container.get(IDS.Connections).complete('acme', { callback }))).toBe(
    'callback_invalid',
  )
  expect(acme.requests).toHaveLength(0)
})

/** As it comes from a router that types nothing. */
function asRouted(value: unknown): Callback {
  if (!isObject(value)) throw new Error('routers give objects')
  return value
}

function isObject(value: unknown): value is Callback {
  return typeof value === 'object'
}

test('what a platform says of an error goes no further than a fixed code: not into the error, the log or an event', async () => {
  const acme = await startGrantingPlatform()
  const world = await openWorld({ platforms: [acme] })
  const container = world.process()
  const { state } = await start(container, newTenant())
  const callback = new URLSearchParams({
    state,
    error: '<script>alert(1)</script>\r\nSet-Cookie: x=y',
    error_description: 'CANARY '.repeat(1_500),
    error_uri: 'https://evil.example/CANARY',
  })
  const error: unknown = await container
    .get(IDS.Connections)
    .complete('acme', { callback })
    .catch((thrown: unknown) => thrown)

  expect(isIntegrationError(error) && error.code).toBe('authorization_denied')
  const told = [
    String(error),
    JSON.stringify(error),
    JSON.stringify(world.events),
    world.logged.join(),
  ].join()
  expect(told).not.toMatch(/CANARY|[\r\n]Set-Cookie|evil\.example/)
  expect(world.events.at(-1)).toMatchObject({ type: 'connection.refused', reason: 'authorization_denied' })
  expect(acme.requests).toHaveLength(0)
})
