import { ContainerModule } from 'inversify'
import { afterEach, describe, expect, test } from 'vitest'
import { generateEncryptionKey } from '../../src/adapters/aes-gcm/index.ts'
import { createIntegrationsContainer, IDS } from '../../src/application/container/index.ts'
import type { SealedValues } from '../../src/application/container/index.ts'
import { StoreUnavailableError } from '../../src/domain/errors.ts'
import { DEFAULT_LABEL, parseTenantId } from '../../src/domain/model/identifiers.ts'
import type { ConnectionKey } from '../../src/domain/model/identifiers.ts'
import { connectionContext } from '../../src/domain/services/sealing.ts'
import { closeIntegrations, configureIntegrations, getKlaviyoApiKey } from '../../src/index.ts'
import type { SealedRow } from '../../src/ports/sealed-values.ts'
import type { TokenReading } from '../../src/ports/token-store.ts'
import { newGrant, range } from '../../src/testing/contracts/connection-fixtures.ts'
import { RecordedLog } from '../adapters/aes-gcm/recorded-log.ts'
import { freshDatabase } from '../support/database.ts'
import { legacyValue } from '../support/legacy-value.ts'

const ENCRYPTION_KEY = generateEncryptionKey()
const KEY: ConnectionKey = {
  tenantId: parseTenantId('tenant-a'),
  provider: 'klaviyo',
  label: DEFAULT_LABEL,
}
const OURS = /^c1\.a\./
const ENDS_LATE = '2999-01-01'

type AppContainer = ReturnType<typeof createIntegrationsContainer>
type Database = Parameters<typeof createIntegrationsContainer>[0]['database']

const opened: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

async function postgres(): Promise<Database> {
  const { drop, url } = await freshDatabase()
  opened.push(drop)
  return { connectionString: url }
}

interface Process {
  readonly container: AppContainer
  readonly logger: RecordedLog
}

function start(database: Database, modules: readonly ContainerModule[] = []): Process {
  const logger = new RecordedLog()
  const container = createIntegrationsContainer(
    {
      database,
      encryption: { key: ENCRYPTION_KEY, legacyUntil: ENDS_LATE },
      baseUrl: 'https://app.example.com',
      providers: { klaviyo: {} },
    },
    { logger, modules },
  )
  opened.push(() => container.get(IDS.Shutdown).close())
  return { container, logger }
}

async function storeLegacy({ container }: Process): Promise<void> {
  const tokens = {
    accessToken: legacyValue('pk_1', ENCRYPTION_KEY),
    refreshToken: legacyValue('refresh 1', ENCRYPTION_KEY),
  }
  await container.get(IDS.TokenStore).save({ ...newGrant(KEY), tokens })
}

const apiKey = async ({ container }: Process): Promise<string> =>
  (await container.get(IDS.AccessTokens).get(KEY)).reveal()

async function settled({ container }: Process): Promise<void> {
  expect(await container.get(IDS.BackgroundWork).drain(container.get(IDS.Clock), 30_000)).toBe(true)
}

async function readingOf({ container }: Process): Promise<TokenReading> {
  const reading = await container.get(IDS.TokenStore).read(KEY)
  if (reading === undefined) throw new Error('Nothing is stored')
  return reading
}

async function rowOf(running: Process): Promise<SealedRow> {
  const { connectionId } = await readingOf(running)
  const row = await running.container.get(IDS.SealedValues).read({ ...KEY, connectionId })
  if (row === undefined) throw new Error('Nothing is stored')
  return row
}

const readsOf = ({ logger }: Process): number =>
  logger.lines.filter((line) => line.includes('earlier format was read')).length

describe.each([
  ['memory', () => Promise.resolve('memory' as const)],
  ['Postgres', postgres],
])('A value of the earlier format in %s', (_, open) => {
  test('is replaced behind its first reader by one bound to its connection, and so is what lies beside it', async () => {
    const running = start(await open())
    await storeLegacy(running)
    const before = await readingOf(running)
    expect(await apiKey(running)).toBe('pk_1')
    await settled(running)
    const row = await rowOf(running)
    const { accessToken, refreshToken } = row.secrets
    expect([accessToken, refreshToken]).toEqual([expect.stringMatching(OURS), expect.stringMatching(OURS)])
    const { tokenVersion } = await readingOf(running)
    expect(tokenVersion).toBe(before.tokenVersion)
    const cipher = running.container.get(IDS.Cipher)
    if (accessToken === undefined) throw new Error('No access token is stored')
    const context = connectionContext(row, tokenVersion, 'access_token')
    expect((await cipher.open(accessToken, context)).reveal()).toBe('pk_1')
    const elsewhere = connectionContext({ ...row, tenantId: parseTenantId('tenant-b') }, 1, 'access_token')
    await expect(cipher.open(accessToken, elsewhere)).rejects.toMatchObject({
      code: 'cipher_authentication_failed',
    })
  })

  test('is sealed again once, however many read it, and is not read as such any more', async () => {
    const running = start(await open())
    await storeLegacy(running)
    expect(await Promise.all(range(5).map(() => apiKey(running)))).toEqual(range(5).map(() => 'pk_1'))
    await settled(running)
    // Five for the callers, and one for each of the two values to seal again.
    expect(readsOf(running)).toBe(5 + 2)
    const sealed = (await readingOf(running)).accessToken
    expect(await apiKey(running)).toBe('pk_1')
    await settled(running)
    expect((await readingOf(running)).accessToken).toBe(sealed)
    expect(readsOf(running)).toBe(5 + 2)
  })

  test.each([
    [new StoreUnavailableError('Postgres'), 'store_unavailable'],
    [new TypeError('x is undefined'), 'unexpected'],
  ])(
    'is served though it cannot be sealed again (%s), which is logged and tried anew',
    async (error, code) => {
      let failure: Error | undefined = error
      const failing = new ContainerModule(({ onActivation }) => {
        onActivation(IDS.SealedValues, (_context, values) => failingWhile(values, () => failure))
      })
      const running = start(await open(), [failing])
      await storeLegacy(running)
      expect(await apiKey(running)).toBe('pk_1')
      await settled(running)
      expect((await readingOf(running)).accessToken).not.toMatch(OURS)
      expect(running.logger.lines.filter((line) => line.includes(`"code":"${code}"`))).toHaveLength(1)
      expect(running.logger.lines.join()).not.toContain('pk_1')
      failure = undefined
      expect(await apiKey(running)).toBe('pk_1')
      await settled(running)
      expect((await readingOf(running)).accessToken).toMatch(OURS)
    },
  )

  test('gives way to what somebody else stored while it was being sealed again', async () => {
    let meanwhile = async (): Promise<void> => undefined
    const late = new ContainerModule(({ onActivation }) => {
      onActivation(IDS.SealedValues, (_context, values) => delayedBy(values, () => meanwhile()))
    })
    const running = start(await open(), [late])
    await storeLegacy(running)
    meanwhile = async () => {
      await running.container.get(IDS.TokenStore).disconnect(KEY, { queueForRevocation: false })
    }
    expect(await apiKey(running)).toBe('pk_1')
    await settled(running)
    expect((await readingOf(running)).accessToken).toBeUndefined()
  })
})

describe('Values of the earlier format in Postgres', () => {
  test('that two processes read at once end as the value of one of them', async () => {
    const database = await postgres()
    const [one, two] = [start(database), start(database)]
    await storeLegacy(one)
    expect(await Promise.all([apiKey(one), apiKey(two)])).toEqual(['pk_1', 'pk_1'])
    await Promise.all([settled(one), settled(two)])
    expect((await readingOf(one)).accessToken).toMatch(OURS)
    expect(await Promise.all([apiKey(one), apiKey(two)])).toEqual(['pk_1', 'pk_1'])
    expect([...one.logger.lines, ...two.logger.lines].join()).not.toContain('could not')
  })

  test('are sealed again before the container that read them is closed', async () => {
    const database = await postgres()
    const [ending, other] = [start(database), start(database)]
    await storeLegacy(other)
    configureIntegrations(ending.container)
    expect(await getKlaviyoApiKey(KEY.tenantId)).toBe('pk_1')
    await closeIntegrations()
    expect((await readingOf(other)).accessToken).toMatch(OURS)
  })
})

function failingWhile(values: SealedValues, failure: () => Error | undefined): SealedValues {
  return {
    page: (...place) => values.page(...place),
    read: (ref) => values.read(ref),
    replace: (resealings) => {
      const error = failure()
      return error === undefined ? values.replace(resealings) : Promise.reject(error)
    },
  }
}

function delayedBy(values: SealedValues, meanwhile: () => Promise<void>): SealedValues {
  return {
    page: (...place) => values.page(...place),
    read: (ref) => values.read(ref),
    replace: async (resealings) => {
      await meanwhile()
      return values.replace(resealings)
    },
  }
}
