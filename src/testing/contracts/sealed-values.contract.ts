import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { parseTenantId } from '../../domain/model/identifiers.ts'
import type { Sealed } from '../../ports/cipher.ts'
import type { SealedRow, SealedSecrets, SealedValues } from '../../ports/sealed-values.ts'
import {
  claimed,
  connect,
  connectionOf,
  KEY,
  NOBODY,
  OTHER_TENANT,
  range,
  refreshedTokens,
  retiredGrant,
  sealed,
  TENANT,
} from './connection-fixtures.ts'
import type { ConnectionStores } from './connection-stores.ts'
import { registerPromises } from './register-promises.ts'
import type { RegisterTest } from './register-test.ts'

/** A store under test, and what is stored in it. */
export interface SealedValuesHarness extends ConnectionStores {
  readonly sealedValues: SealedValues
}

/** What every SealedValues promises, with the stores that share its database. */
export function sealedValuesContract(test: RegisterTest, open: () => Promise<SealedValuesHarness>): void {
  registerPromises(test, open, [paging, replacing])
}

type Promises = Readonly<Record<string, (stores: SealedValuesHarness) => Promise<void>>>

const paging: Promises = {
  'gives every live connection and every queued revocation of all tenants once, whatever the size of a page':
    async (stores) => {
      for (const index of range(7)) await connect(stores, { tenantId: parseTenantId(`tenant-${index}`) })
      await connect(stores, { provider: 'tiktok' })
      await connect(stores, { label: 'second' })
      const ids = [
        await stores.revocations.add(retiredGrant()),
        await stores.revocations.add(retiredGrant({ tenantId: OTHER_TENANT })),
      ]
      for (const limit of [1, 2, 3, 100]) {
        const rows = await allRows(stores, limit)
        assert.equal(rows.length, 11)
        assert.equal(new Set(rows.map(nameOf)).size, 11)
        const revocations = rows.flatMap(({ revocation }) => revocation ?? [])
        assert.deepEqual(revocations.sort(), [...ids].sort())
      }
    },

  'gives what a secret is sealed for beside it, candidates and previous token included': async (stores) => {
    const connection = await connect(stores)
    const lease = await claimed(stores)
    const first = refreshedTokens()
    assert.equal(await stores.leases.store(lease, first), 'stored')
    const candidate = { id: randomUUID(), parentVersion: 1, accessToken: sealed('late') }
    await stores.leases.keepCandidate(lease, candidate)
    const row = await rowOf(stores)
    assert.equal(row.tenantId, TENANT)
    assert.equal(row.connectionId, connection.id)
    assert.equal(row.grantId, connection.grantId)
    assert.equal(row.tokenVersion, 2)
    assert.equal(row.revocation, undefined)
    assert.equal(row.secrets.accessToken, first.tokens.accessToken)
    assert.equal(row.secrets.refreshToken, first.tokens.refreshToken)
    assert.equal(row.secrets.previousRefreshToken, first.previousRefreshToken)
    assert.deepEqual(row.secrets.candidates, [candidate])
  },

  'gives nothing of a disconnected connection': async (stores) => {
    await connect(stores)
    await stores.tokens.disconnect(KEY, { queueForRevocation: false })
    assert.deepEqual(await allRows(stores, 10), [])
  },

  'reads one row anew, of its own tenant alone': async (stores) => {
    const { id: connectionId } = await connect(stores)
    const id = await stores.revocations.add(retiredGrant())
    const { sealedValues } = stores
    const ref = { tenantId: TENANT, provider: 'meta', connectionId }
    assert.equal((await sealedValues.read(ref))?.connectionId, connectionId)
    assert.equal(await sealedValues.read({ ...ref, tenantId: OTHER_TENANT }), undefined)
    assert.equal(await sealedValues.read({ ...ref, connectionId: NOBODY }), undefined)
    const [queued] = (await allRows(stores, 10)).filter(({ revocation }) => revocation === id)
    assert.ok(queued !== undefined)
    assert.equal((await sealedValues.read(queued))?.revocation, id)
    assert.equal(await sealedValues.read({ ...queued, tenantId: OTHER_TENANT }), undefined)
  },

  'refuses a cursor that it did not print': async ({ sealedValues }) => {
    await assert.rejects(sealedValues.page('nonsense', 10), { code: 'config_invalid' })
  },
}

const replacing: Promises = {
  'replaces every secret of a row and moves nothing else of it': async (stores) => {
    await connect(stores)
    const lease = await claimed(stores)
    await stores.leases.store(lease, refreshedTokens())
    await stores.leases.keepCandidate(lease, {
      ...{ id: 'candidate-1', parentVersion: 1, accessToken: sealed('late'), refreshToken: sealed('later') },
    })
    const before = await connectionOf(stores, KEY)
    const row = await rowOf(stores)
    assert.deepEqual(await stores.sealedValues.replace([{ row, secrets: anew(row) }]), [true])
    assert.deepEqual(plain((await rowOf(stores)).secrets), plain(anew(row)))
    assert.deepEqual(await connectionOf(stores, KEY), before)
  },

  'replaces the secrets of a queued revocation, candidates included': async (stores) => {
    const late = { id: NOBODY, parentVersion: 2, accessToken: sealed('late'), refreshToken: sealed('later') }
    const id = await stores.revocations.add(retiredGrant({ candidates: [late] }))
    const row = await rowOf(stores)
    assert.deepEqual(row.secrets.candidates, [late])
    assert.deepEqual(await stores.sealedValues.replace([{ row, secrets: anew(row) }]), [true])
    const grant = await stores.revocations.read(TENANT, id)
    assert.equal(grant?.accessToken, anew(row).accessToken)
    assert.equal(grant?.refreshToken, anew(row).refreshToken)
    assert.deepEqual(grant?.candidates, anew(row).candidates)
  },

  'leaves what a refresh stored meanwhile': async (stores) => {
    await connect(stores)
    const row = await rowOf(stores)
    const result = refreshedTokens()
    await stores.leases.store(await claimed(stores), result)
    assert.deepEqual(await stores.sealedValues.replace([{ row, secrets: anew(row) }]), [false])
    assert.equal((await rowOf(stores)).secrets.accessToken, result.tokens.accessToken)
  },

  'leaves a candidate that came meanwhile, and replaces the rest': async (stores) => {
    await connect(stores)
    const lease = await claimed(stores)
    await stores.leases.store(lease, refreshedTokens())
    const row = await rowOf(stores)
    const candidate = { id: 'candidate-1', parentVersion: 1, accessToken: sealed('late') }
    await stores.leases.keepCandidate(lease, candidate)
    assert.deepEqual(await stores.sealedValues.replace([{ row, secrets: anew(row) }]), [false])
    const { secrets } = await rowOf(stores)
    assert.deepEqual(secrets.candidates, [candidate])
    assert.equal(secrets.accessToken, anew(row).accessToken)
  },

  'brings no secret back to a connection that was disconnected meanwhile': async (stores) => {
    await connect(stores)
    const row = await rowOf(stores)
    await stores.tokens.disconnect(KEY, { queueForRevocation: false })
    assert.deepEqual(await stores.sealedValues.replace([{ row, secrets: anew(row) }]), [false])
    assert.deepEqual(await allRows(stores, 10), [])
    assert.equal((await stores.tokens.read(KEY))?.accessToken, undefined)
  },

  'replaces nothing under another tenant, whatever else of the row is right': async (stores) => {
    await connect(stores)
    await stores.revocations.add(retiredGrant())
    const rows = await allRows(stores, 10)
    const stolen = rows.map((row) => ({ row: { ...row, tenantId: OTHER_TENANT }, secrets: anew(row) }))
    assert.deepEqual(await stores.sealedValues.replace(stolen), [false, false])
    assert.deepEqual(await allRows(stores, 10), rows)
  },

  'tells of each of many rows whether it was replaced': async (stores) => {
    for (const index of range(10)) await connect(stores, { tenantId: parseTenantId(`tenant-${index}`) })
    const rows = await allRows(stores, 100)
    for (const { tenantId, provider, label } of rows.slice(0, 5))
      await stores.tokens.disconnect({ tenantId, provider, label }, { queueForRevocation: false })
    const outcomes = await stores.sealedValues.replace(rows.map((row) => ({ row, secrets: anew(row) })))
    assert.deepEqual(outcomes, [...range(5).map(() => false), ...range(5).map(() => true)])
  },

  'lets a refresh under way store its result, and keeps its lease': async (stores) => {
    await connect(stores)
    const lease = await claimed(stores)
    const row = await rowOf(stores)
    assert.deepEqual(await stores.sealedValues.replace([{ row, secrets: anew(row) }]), [true])
    assert.equal(await stores.leases.store(lease, refreshedTokens()), 'stored')
  },
}

async function allRows({ sealedValues }: SealedValuesHarness, limit: number): Promise<readonly SealedRow[]> {
  const rows: SealedRow[] = []
  let page = await sealedValues.page(undefined, limit)
  for (;;) {
    assert.ok(page.rows.length <= limit)
    rows.push(...page.rows)
    if (page.next === undefined) return rows
    page = await sealedValues.page(page.next, limit)
  }
}

async function rowOf(stores: SealedValuesHarness): Promise<SealedRow> {
  const [row, ...others] = await allRows(stores, 10)
  assert.deepEqual(others, [])
  assert.ok(row !== undefined)
  return row
}

function nameOf(row: SealedRow): string {
  return JSON.stringify([row.tenantId, row.provider, row.label, row.revocation])
}

/** As if each secret had been sealed again. */
function anew({ secrets }: SealedRow): SealedSecrets {
  const again = (before: Sealed): Sealed => sealed(`again ${before}`)
  const maybe = (before: Sealed | undefined): Sealed | undefined =>
    before === undefined ? undefined : again(before)
  return {
    accessToken: maybe(secrets.accessToken),
    refreshToken: maybe(secrets.refreshToken),
    previousRefreshToken: maybe(secrets.previousRefreshToken),
    candidates: secrets.candidates.map(({ accessToken, refreshToken, ...rest }) => ({
      ...rest,
      accessToken: again(accessToken),
      ...(refreshToken === undefined ? {} : { refreshToken: again(refreshToken) }),
    })),
  }
}

/** Absent and undefined members are the same here. */
function plain(secrets: SealedSecrets): unknown {
  return JSON.parse(JSON.stringify(secrets))
}
