import { afterEach, describe, expect, test } from 'vitest'
import type { Container } from 'inversify'
import { Pool } from 'pg'
import { startAuthorizationServer } from '../../dev/services/authorization-server.ts'
import type { AuthorizationServer } from '../../dev/services/authorization-server.ts'
import type { IntegrationsConfigInput } from '../../src/application/config/integrations-config.ts'
import { createIntegrationsContainer } from '../../src/application/container/create-integrations-container.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import { parseTenantId } from '../../src/domain/model/identifiers.ts'
import { HOUR_MS } from '../../src/domain/model/time.ts'
import { moveTimes } from '../contracts/postgres-stores.ts'
import { freshDatabase } from '../support/database.ts'
import { startHostProcess } from '../support/host-process.ts'
import { codeOf } from './workbench.ts'

const KEY = { tenantId: parseTenantId('tenant-a'), provider: 'standard', label: 'default' }
const REDIRECT = 'http://localhost:4999/api/integrations/standard/callback'

const opened: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

interface Connected {
  readonly server: AuthorizationServer
  readonly config: IntegrationsConfigInput
  readonly container: Container
  readonly pool: Pool
  token(): Promise<string>
}

/** One tenant, connected to a certified authorization server that rotates and kills the grant on reuse. */
async function connected(): Promise<Connected> {
  const database = await freshDatabase()
  opened.push(() => database.drop())
  const server = await startAuthorizationServer({ redirectUri: REDIRECT })
  opened.push(() => server.close())
  const pool = new Pool({ connectionString: database.url, max: 1 })
  pool.on('error', () => undefined)
  opened.push(() => pool.end())
  const { definition, clientId, clientSecret } = server
  const config: IntegrationsConfigInput = {
    database: { connectionString: database.url },
    encryption: { key: '5f0c1d2e3b4a59687786a5b4c3d2e1f05f0c1d2e3b4a59687786a5b4c3d2e1f0' },
    baseUrl: 'http://localhost:4999',
    emulatorUrl: 'http://127.0.0.1:9',
    providers: { oauth2: [{ definition, clientId, clientSecret }] },
  }
  const container = createIntegrationsContainer(config, { logger: { log: () => undefined } })
  opened.push(() => container.get(IDS.Shutdown).close())
  const connections = container.get(IDS.Connections)
  const { authUrl } = await connections.start({ key: KEY, returnUrl: '/settings' })
  const callback = (await server.consent(authUrl)).searchParams
  await connections.complete('standard', { callback })
  const token = async (): Promise<string> => (await container.get(IDS.AccessTokens).get(KEY)).reveal()
  return { server, config, container, pool, token }
}

function refreshes({ exchanges }: AuthorizationServer): number {
  return exchanges.filter(({ grantType }) => grantType === 'refresh_token').length
}

describe('A certified authorization server', () => {
  test('is connected with PKCE and a named issuer, and serves a token that it accepts', async () => {
    const { server, container, token } = await connected()
    expect(await server.isAccepted(await token())).toBe(true)
    const [connection] = await container.get(IDS.TokenStore).list(KEY.tenantId)
    expect(connection).toMatchObject({ status: 'active', subject: { issuer: server.issuer, id: 'ada' } })
  })

  test('rotates at every refresh, ten times over, and the grant lives', async () => {
    const { server, pool, token } = await connected()
    const seen = new Set<string>([await token()])
    for (let round = 0; round < 10; round += 1) {
      await moveTimes(pool, 2 * HOUR_MS)
      seen.add(await token())
    }
    expect(seen.size).toBe(11)
    expect(refreshes(server)).toBe(10)
    expect(await server.isAccepted(await token())).toBe(true)
  })

  test('is told to revoke, and accepts neither the access token nor the refresh token afterwards', async () => {
    const { server, container, token } = await connected()
    const served = await token()
    expect(await container.get(IDS.Connections).disconnect(KEY)).toBe('at_provider')
    expect(await server.isAccepted(served)).toBe(false)
    expect(await codeOf(token)).toBe('not_connected')
  })

  test('sees one request for an expired token that 25 callers in each of 4 processes need at once', async () => {
    const { server, config, pool, token } = await connected()
    await moveTimes(pool, 2 * HOUR_MS)
    const processes = await Promise.all([1, 2, 3, 4].map(() => startHostProcess(config)))
    opened.push(...processes.map(({ close }) => close))
    server.failTokenAnswers({ kind: 'late', ms: 500 })
    const command = { do: 'token', tenantId: KEY.tenantId, provider: 'standard', times: 25 } as const
    const answers = await Promise.all(processes.map((each) => each.ask(command)))
    const tokens = answers.flatMap((answer) =>
      'tokens' in answer ? answer.tokens : [JSON.stringify(answer)],
    )
    expect(tokens).toHaveLength(100)
    expect(new Set(tokens).size).toBe(1)
    expect(await server.isAccepted(tokens[0] ?? '')).toBe(true)
    expect(refreshes(server)).toBe(1)

    // Whoever presents a refresh token twice kills the grant here: the next refresh shows that nobody did.
    await moveTimes(pool, 2 * HOUR_MS)
    const next = await token()
    expect(tokens).not.toContain(next)
    expect(await server.isAccepted(next)).toBe(true)
    expect(refreshes(server)).toBe(2)
  }, 60_000)

  test('refuses a code that was issued for another start, and nothing is stored', async () => {
    const { server, container } = await connected()
    const connections = container.get(IDS.Connections)
    const victim = { ...KEY, tenantId: parseTenantId('victim') }
    const attacker = { ...KEY, tenantId: parseTenantId('attacker') }
    const first = await connections.start({ key: victim, returnUrl: '/' })
    const second = await connections.start({ key: attacker, returnUrl: '/' })
    const stolen = (await server.consent(first.authUrl)).searchParams
    const callback = new URLSearchParams({ ...Object.fromEntries(stolen), state: second.state })
    expect(await codeOf(() => connections.complete('standard', { callback }))).toBe('exchange_rejected')
    expect(await container.get(IDS.TokenStore).list(attacker.tenantId)).toEqual([])
  })
})
