import { inspect } from 'node:util'
import type { CreatedPool as Pool } from '../../../src/adapters/postgres/index.ts'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  createPool,
  PostgresDueConnections,
  PostgresTokenStore,
} from '../../../src/adapters/postgres/index.ts'
import { MAX_ACCOUNTS } from '../../../src/domain/model/ad-account.ts'
import { KEY, newGrant, range, TENANT } from '../../../src/testing/contracts/connection-fixtures.ts'
import { freshDatabase } from '../../support/database.ts'
import type { TestDatabase } from '../../support/database.ts'

const POISON = 'nul \0, half a pair \ud800, the other half \udfff'
const HARMLESS = 'nul \ufffd, half a pair \ufffd, the other half \ufffd'

let database: TestDatabase
let pool: Pool
let tokens: PostgresTokenStore
beforeAll(async () => {
  database = await freshDatabase()
  pool = createPool({ connectionString: database.url })
  tokens = new PostgresTokenStore({ pool })
})
beforeEach(async () => {
  await pool.query('TRUNCATE integration_connections, pending_revocations')
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

test('text that Postgres refuses is made harmless, and the tokens that came with it are stored', async () => {
  const grant = newGrant({
    subject: { issuer: 'https://provider.example', id: POISON, name: POISON },
    scopes: [POISON, 'ads_read'],
    accounts: [{ id: POISON, name: POISON, isUsable: true }],
    selectedAccountId: POISON,
    selectedAccountName: POISON,
    details: { audiences: [{ id: POISON, name: POISON, kind: 'list' }] },
  })
  expect((await tokens.save(grant)).saved).toBe(true)
  const [connection] = await tokens.list(TENANT)
  expect(connection).toMatchObject({
    subject: { id: HARMLESS, name: HARMLESS },
    scopes: [HARMLESS, 'ads_read'],
    accounts: [{ id: HARMLESS, name: HARMLESS, isUsable: true }],
    selectedAccountId: HARMLESS,
    details: { audiences: [{ id: HARMLESS, name: HARMLESS, kind: 'list' }] },
  })
  const due = new PostgresDueConnections({ pool })
  const subject = { issuer: 'https://provider.example', id: POISON }
  expect(await due.connectionsOf({ provider: 'meta', clientId: grant.clientId, subject })).toHaveLength(1)
})

test('a change takes the same text', async () => {
  await tokens.save(newGrant())
  const [connection] = await tokens.list(TENANT)
  if (connection === undefined) throw new Error('it is listed')
  const patch = {
    accounts: [{ id: POISON, isUsable: true }],
    selectedAccountId: POISON,
    selectedAccountName: POISON,
    details: { emailListId: POISON },
  }
  expect(await tokens.change(connection, patch)).toBe(true)
  expect((await tokens.list(TENANT))[0]).toMatchObject({
    accounts: [{ id: HARMLESS, isUsable: true }],
    selectedAccountId: HARMLESS,
    selectedAccountName: HARMLESS,
    details: { emailListId: HARMLESS },
  })
})

test('texts and lists without end are cut, and the tokens that came with them are stored', async () => {
  const endless = '€'.repeat(200_000)
  const grant = newGrant({
    subject: { issuer: endless, id: endless, name: endless },
    scopes: [endless],
    accounts: range(MAX_ACCOUNTS + 100).map((n) => ({ id: `act_${n}`, name: endless, isUsable: true })),
    selectedAccountId: endless,
    expiresInMs: Number.MAX_VALUE,
    dataAccessExpiresInMs: Number.NEGATIVE_INFINITY,
  })
  expect((await tokens.save(grant)).saved).toBe(true)
  const [connection] = await tokens.list(TENANT)
  expect(connection?.accounts).toHaveLength(MAX_ACCOUNTS)
  expect(connection?.accounts[0]?.name?.length).toBe(500)
  expect((await tokens.read(KEY))?.accessToken).toBe(grant.tokens.accessToken)
  expect((await tokens.disconnect(KEY, { queueForRevocation: true }))?.revocation).toBeTypeOf('string')
})

test('text that looks like SQL, JSON or an array is text', async () => {
  for (const text of [`'; DROP TABLE notes; --`, '{"a":1}', '{a,b}', '\\', '$1', '%s', 'NULL']) {
    await pool.query('TRUNCATE integration_connections')
    const grant = newGrant({ clientId: text, scopes: [text], selectedAccountName: text, label: text })
    await tokens.save(grant)
    const [connection] = await tokens.list(TENANT)
    expect(connection).toMatchObject({
      clientId: text,
      scopes: [text],
      selectedAccountName: text,
      label: text,
    })
  }
})

test('an error of the driver goes no further: nothing of a row or of a parameter is repeated', async () => {
  const grant = newGrant({ clientId: 'client \0 whose id we do not clean' })
  const error: unknown = await tokens.save(grant).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'store_unavailable' })
  const shown = inspect(error, { depth: 10, showHidden: true })
  for (const secret of [grant.tokens.accessToken, grant.clientId, grant.grantId])
    expect(shown).not.toContain(secret)
})
