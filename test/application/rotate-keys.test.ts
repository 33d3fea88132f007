import { describe, expect, test } from 'vitest'
import { generateEncryptionKey, LegacyReader } from '../../src/adapters/aes-gcm/index.ts'
import { CipherUnavailableError } from '../../src/domain/errors.ts'
import { parseTenantId } from '../../src/domain/model/identifiers.ts'
import { asSealed } from '../../src/ports/cipher.ts'
import type { Cipher } from '../../src/ports/cipher.ts'
import type { SealedValues } from '../../src/ports/sealed-values.ts'
import { newGrant, range } from '../../src/testing/contracts/connection-fixtures.ts'
import { dyingAtRandom } from '../support/dying-at-random.ts'
import { legacyValue } from '../support/legacy-value.ts'
import { ringKeys, SealedWorld } from './sealed-world.ts'
import type { Keys } from './sealed-world.ts'

const [ONE, TWO, THREE] = [generateEncryptionKey(), generateEncryptionKey(), generateEncryptionKey()]

async function nameOf(keys: Keys): Promise<string> {
  const world = new SealedWorld()
  await world.connect(keys.cipher, 'somebody')
  return Object.keys((await world.rotation(keys).run({ dryRun: true })).byKey)[0] ?? ''
}

const fail = (): Promise<never> => Promise.reject(new CipherUnavailableError('it is down'))
const unavailable: Cipher = { prepare: fail, seal: fail, open: fail }

/** `count` connections under `keys`; the first was refreshed and has a candidate, and one grant waits to be revoked. */
async function worldUnder(keys: Keys, count: number): Promise<SealedWorld> {
  const world = new SealedWorld()
  for (const index of range(count)) await world.connect(keys.cipher, `tenant-${index}`)
  await world.refresh(keys.cipher, parseTenantId('tenant-0'))
  await world.connect(keys.cipher, 'tenant-that-left')
  await world.tokens.disconnect(
    { tenantId: parseTenantId('tenant-that-left'), provider: 'meta', label: 'default' },
    { queueForRevocation: true },
  )
  return world
}

describe('RotateKeys', () => {
  test('puts tokens, previous tokens, candidates and queued revocations under the primary key', async () => {
    const [before, after] = [ringKeys(ONE), ringKeys(TWO, [ONE])]
    const world = await worldUnder(before, 10)
    const texts = await world.openAll(before)
    const result = await world.rotation(after).run()
    // Ten connections of two tokens, a previous token and a candidate, two tokens to revoke.
    expect(result).toMatchObject({ scanned: 24, resealed: 24, skipped: 0, unreadable: 0, isComplete: true })
    expect(result.byKey).toEqual({ [await nameOf(ringKeys(TWO))]: 24 })
    expect(await world.openAll(ringKeys(TWO))).toEqual(texts)
  })

  test('finds nothing to do a second time', async () => {
    const world = await worldUnder(ringKeys(ONE), 3)
    const rotation = world.rotation(ringKeys(TWO, [ONE]))
    await rotation.run()
    expect(await rotation.run()).toMatchObject({ scanned: 10, resealed: 0 })
  })

  test('writes nothing in a dry run, and counts what is under which key', async () => {
    const world = await worldUnder(ringKeys(ONE), 3)
    await world.connect(ringKeys(TWO).cipher, 'tenant-new')
    const rows = await world.rows()
    const result = await world.rotation(ringKeys(TWO, [ONE])).run({ dryRun: true })
    expect(result).toMatchObject({ scanned: 12, resealed: 10 })
    const [one, two] = [await nameOf(ringKeys(ONE)), await nameOf(ringKeys(TWO))]
    expect(result.byKey).toEqual({ [one]: 10, [two]: 2 })
    expect(await world.rows()).toEqual(rows)
  })

  test('says which previous keys no value needs', async () => {
    const world = await worldUnder(ringKeys(ONE), 2)
    const rotation = world.rotation(ringKeys(THREE, [TWO, ONE]))
    const [one, two] = [await nameOf(ringKeys(ONE)), await nameOf(ringKeys(TWO))]
    const [first, second] = (await rotation.run({ dryRun: true })).retiring
    expect(first).toEqual({ variable: 'TEST_KEY_PREVIOUS[0]', key: two, values: 0, isUnused: true })
    expect(second).toEqual({ variable: 'TEST_KEY_PREVIOUS[1]', key: one, values: 8, isUnused: false })
    expect(await rotation.canRemoveKey(one)).toBe(false)
    await rotation.run()
    expect(await rotation.canRemoveKey(one)).toBe(true)
  })

  test('counts what is under which key without a key, previous tokens, candidates and revocations included', async () => {
    const world = await worldUnder(ringKeys(ONE), 250)
    const counts = await world.rotation({ ...ringKeys(TWO), cipher: unavailable }).countByKey()
    expect(counts).toEqual({ [await nameOf(ringKeys(ONE))]: 504 })
  })

  test('counts what no key opens, leaves it as it is, and goes on', async () => {
    const world = await worldUnder(ringKeys(ONE), 2)
    await world.connect(ringKeys(THREE).cipher, 'tenant-strange')
    const result = await world.rotation(ringKeys(TWO, [ONE])).run()
    expect(result).toMatchObject({ resealed: 8, unreadable: 2 })
    expect(result.problems.map(({ code, field, tenantId }) => [tenantId, field, code])).toEqual([
      ['tenant-strange', 'access_token', 'cipher_key_unknown'],
      ['tenant-strange', 'refresh_token', 'cipher_key_unknown'],
    ])
    const key = await nameOf(ringKeys(THREE))
    expect(result.byKey[key]).toBe(2)
    expect(result.unreadableByKey).toMatchObject([{ key, code: 'cipher_key_unknown', values: 2 }])
  })

  test('finds in a dry run what was moved to another row or altered, under the current key too', async () => {
    const keys = ringKeys(ONE)
    const world = await worldUnder(keys, 3)
    const [first, second, third] = await world.rows()
    const [moved, altered] = [first?.secrets.accessToken, third?.secrets.accessToken?.slice(0, -8)]
    if (second === undefined || third === undefined || altered === undefined)
      throw new Error('Three were made')
    await world.sealedValues.replace([
      { row: second, secrets: { ...second.secrets, accessToken: moved } },
      { row: third, secrets: { ...third.secrets, accessToken: asSealed(`${altered}AAAAAAAA`) } },
    ])
    const result = await world.rotation(keys).run({ dryRun: true })
    expect(result).toMatchObject({ scanned: 10, resealed: 0, unreadable: 2 })
    expect(result.problems).toMatchObject(
      [second, third].map(({ tenantId }) => ({
        ...{ tenantId, field: 'access_token', code: 'cipher_authentication_failed' },
      })),
    )
  })

  test('stops when asked, says where, and goes on from there', async () => {
    const world = await worldUnder(ringKeys(ONE), 250)
    const rotation = world.rotation(ringKeys(TWO, [ONE]))
    const stopping = new AbortController()
    const first = await rotation.run({ signal: stopping.signal, onProgress: () => stopping.abort() })
    expect(first.isComplete).toBe(false)
    expect(first.cursor).toEqual(expect.any(String))
    expect(first.retiring.map(({ isUnused }) => isUnused)).toEqual([false])
    const rest = await rotation.run({ after: first.cursor })
    expect(first.resealed + rest.resealed).toBe(504)
    expect(rest.isComplete).toBe(false)
    expect(rest.cursor).toBeUndefined()
  })

  test('takes no more rows a second than it was told', async () => {
    const world = await worldUnder(ringKeys(ONE), 30)
    const running = world.rotation(ringKeys(TWO, [ONE])).run({ ratePerSecond: 10 })
    await world.clock.advance(0)
    const done = async (): Promise<number> => {
      const current = await nameOf(ringKeys(TWO))
      const rows = await world.rows()
      return rows.filter(({ secrets }) => secrets.accessToken?.startsWith(current)).length
    }
    expect(await done()).toBe(10)
    await world.clock.advance(999)
    expect(await done()).toBe(10)
    await world.clock.advance(1)
    expect(await done()).toBe(20)
    await world.clock.advance(10_000)
    expect(await running).toMatchObject({ isComplete: true })
  })

  test('ends with the error when a key cannot be had now, and has lost nothing', async () => {
    const [before, after] = [ringKeys(ONE), ringKeys(TWO, [ONE])]
    const world = await worldUnder(before, 5)
    const texts = await world.openAll(before)
    const down = { ...after, cipher: { ...unavailable, open: after.cipher.open.bind(after.cipher) } }
    await expect(world.rotation(down).run()).rejects.toMatchObject({ code: 'cipher_unavailable' })
    expect(await world.openAll(before)).toEqual(texts)
  })

  test('killed at twenty random points under live refreshes, it ends with everything under the new key', async () => {
    const [before, after] = [ringKeys(ONE), ringKeys(TWO, [ONE])]
    const world = await worldUnder(before, 40)
    const killer = dyingAtRandom(world.sealedValues)
    let deaths = 0
    for (let rounds = 0; deaths < 20 && rounds < 200; rounds += 1) {
      await world.clock.advance(60_000)
      const refreshed = parseTenantId(`tenant-${Math.floor(Math.random() * 40)}`)
      // A process that has not seen the new configuration yet refreshes as well.
      const refreshing = world.refresh(rounds < 10 ? before.cipher : after.cipher, refreshed)
      await world
        .rotation(after, killer)
        .run()
        .catch(() => {
          deaths += 1
        })
      await refreshing
    }
    expect(deaths).toBe(20)
    const texts = await world.openAll(after)
    const result = await world.rotation(after).run()
    expect(Object.keys(result.byKey)).toEqual([await nameOf(ringKeys(TWO))])
    expect(await world.openAll(ringKeys(TWO))).toEqual(texts)
  })

  test('meets a row again that somebody wrote while it was being sealed', async () => {
    const [before, after] = [ringKeys(ONE), ringKeys(TWO, [ONE])]
    const world = await worldUnder(before, 1)
    await world.clock.advance(60_000)
    let isFirst = true
    const disturbed: SealedValues = {
      page: (...at) => world.sealedValues.page(...at),
      read: (ref) => world.sealedValues.read(ref),
      replace: async (resealings) => {
        if (isFirst) await world.refresh(before.cipher, parseTenantId('tenant-0'))
        isFirst = false
        return world.sealedValues.replace(resealings)
      },
    }
    const result = await world.rotation(after, disturbed).run()
    expect(Object.keys(result.byKey)).toEqual([await nameOf(ringKeys(TWO))])
    expect(result.isComplete).toBe(true)
  })
})

describe('RotateKeys over values of the earlier format', () => {
  const keysWithLegacy = (world: SealedWorld): Keys => {
    const until = world.clock.now() + 1_000
    return ringKeys(
      TWO,
      [ONE],
      new LegacyReader({ until, clock: world.clock, keys: { general: [TWO, ONE] } }),
    )
  }

  async function worldOfLegacy(): Promise<SealedWorld> {
    const world = new SealedWorld()
    const grant = newGrant({ tenantId: parseTenantId('tenant-old') })
    await world.tokens.save({ ...grant, tokens: { accessToken: legacyValue('old token', ONE) } })
    return world
  }

  test('seals them in its own, bound to their connection', async () => {
    const world = await worldOfLegacy()
    const result = await world.rotation(keysWithLegacy(world)).run()
    expect(result).toMatchObject({ resealed: 1, unreadable: 0 })
    expect(await world.openAll(ringKeys(TWO))).toEqual(['old token'])
  })

  test('calls no key unused while there is one, because it does not say which it needs', async () => {
    const world = await worldOfLegacy()
    const rotation = world.rotation(keysWithLegacy(world))
    const one = await nameOf(ringKeys(ONE))
    expect((await rotation.run({ dryRun: true })).byKey).toEqual({ legacy: 1 })
    expect(await rotation.canRemoveKey(one)).toBe(false)
    await rotation.run()
    expect(await rotation.canRemoveKey(one)).toBe(true)
  })

  test('calls no key unused for them either where nothing is configured to read them', async () => {
    const world = await worldOfLegacy()
    const rotation = world.rotation(ringKeys(TWO, [ONE]))
    const result = await rotation.run()
    expect(result).toMatchObject({ byKey: { legacy: 1 }, unreadable: 1, isComplete: true })
    expect(result.retiring.map(({ isUnused }) => isUnused)).toEqual([false])
    expect(await rotation.canRemoveKey(await nameOf(ringKeys(ONE)))).toBe(false)
  })

  test('leaves them unread after the end of their time', async () => {
    const world = await worldOfLegacy()
    const keys = keysWithLegacy(world)
    await world.clock.advance(1_000)
    expect(await world.rotation(keys).run()).toMatchObject({ resealed: 0, unreadable: 1 })
  })
})
