import type { IntegrationsConfigInput } from '../../src/application/config/integrations-config.ts'
import type { createIntegrationsContainer } from '../../src/application/container/create-integrations-container.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import { RotateKeys } from '../../src/application/use-cases/rotate-keys.ts'
import { parseTenantId } from '../../src/domain/model/identifiers.ts'
import type { ConnectionKey } from '../../src/domain/model/identifiers.ts'
import { Secret } from '../../src/domain/model/secret.ts'
import { MINUTE_MS } from '../../src/domain/model/time.ts'
import { connectionContext } from '../../src/domain/services/sealing.ts'
import { emulatorApps } from '../../src/emulator/index.ts'
import { newGrant } from '../../src/testing/contracts/connection-fixtures.ts'
import { dyingAtRandom } from '../support/dying-at-random.ts'
import { codeOf, KEY } from './refresh-fixture.ts'
import type { RefreshFixture } from './refresh-fixture.ts'

export type AppContainer = ReturnType<typeof createIntegrationsContainer>

export function encryptedWith(
  { config }: RefreshFixture,
  encryption: IntegrationsConfigInput['encryption'],
): IntegrationsConfigInput {
  return { ...config, encryption }
}

/** Connections of as many tenants, whose grants the emulator knows, sealed by `container`. */
export async function seedTenants(
  { emulator }: RefreshFixture,
  container: AppContainer,
  count: number,
): Promise<readonly ConnectionKey[]> {
  const keys: ConnectionKey[] = []
  for (let index = 0; index < count; index += 1) {
    const key = { tenantId: parseTenantId(`seeded-${index}`), provider: 'standard', label: 'default' }
    const { access, refresh = '' } = emulator.control.grant('standard', `person-${index}`, ['ads'])
    await saveTokens(container, key, { access, refresh })
    keys.push(key)
  }
  return keys
}

export async function saveTokens(
  container: AppContainer,
  key: ConnectionKey,
  { access, refresh }: { readonly access: string; readonly refresh?: string },
): Promise<void> {
  const cipher = container.get(IDS.Cipher)
  const grant = newGrant({ ...key, clientId: emulatorApps.standard.clientId })
  const seal = (text: string, field: 'access_token' | 'refresh_token') =>
    cipher.seal(new Secret(text), connectionContext(grant, 1, field))
  const tokens = {
    accessToken: await seal(access, 'access_token'),
    ...(refresh === undefined ? {} : { refreshToken: await seal(refresh, 'refresh_token') }),
  }
  const { saved } = await container.get(IDS.TokenStore).save({ ...grant, tokens })
  if (!saved) throw new Error('There is such a connection already')
}

const DEATHS = 20

/**
 * Rotates until the rotation has been killed so often, while connections are refreshed and every one is read after each
 * death. Resolves how the reads and refreshes ended: their codes.
 */
export async function rotateUnderFire(
  fixture: RefreshFixture,
  container: AppContainer,
  keys: readonly ConnectionKey[],
): Promise<ReadonlySet<string>> {
  const rotation = new RotateKeys({
    sealedValues: dyingAtRandom(container.get(IDS.SealedValues)),
    cipher: container.get(IDS.Cipher),
    keys: container.get(IDS.KeyInventory),
    clock: container.get(IDS.Clock),
  })
  const tokens = container.get(IDS.AccessTokens)
  const codes = new Set<string>()
  for (let deaths = 0; deaths < DEATHS;) {
    const key = keys[Math.floor(Math.random() * keys.length)] ?? KEY
    const refreshing = codeOf(tokens.refresh(key))
    await rotation.run().catch(() => {
      deaths += 1
    })
    for (const code of [refreshing, ...keys.map((one) => codeOf(tokens.get(one)))]) codes.add(await code)
    await fixture.elapse(MINUTE_MS)
  }
  return codes
}

/** How many stored secrets begin with each key's name, as the database sees it. */
export async function storedUnder({ pool }: RefreshFixture): Promise<Readonly<Record<string, number>>> {
  const { rows } = await pool.query<{ key: string; values: number }>(
    `SELECT left(value, 27) AS key, count(*)::integer AS values FROM (
       SELECT unnest(ARRAY[access_token, refresh_token, previous_refresh_token]) FROM integration_connections
       UNION ALL SELECT unnest(ARRAY[access_token, refresh_token]) FROM pending_revocations
       UNION ALL SELECT jsonb_path_query(candidates, '$[*].accessToken') #>> '{}' FROM integration_connections
       UNION ALL SELECT jsonb_path_query(candidates, '$[*].refreshToken') #>> '{}' FROM integration_connections
     ) AS stored(value) WHERE value IS NOT NULL GROUP BY 1`,
  )
  return Object.fromEntries(rows.map(({ key, values }) => [key, values]))
}
