import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  generateEncryptionKey,
  KeyRing,
  MovingStateKeys,
  RingStateKeys,
} from '../../../src/adapters/aes-gcm/index.ts'
import { KmsStateKeys } from '../../../src/adapters/kms/index.ts'
import { MemoryConsumedStates } from '../../../src/adapters/memory/consumed-states.ts'
import { MemoryStartLimiter } from '../../../src/adapters/memory/start-limiter.ts'
import { MemoryStateStore } from '../../../src/adapters/memory/state-store.ts'
import { NodeDigest } from '../../../src/adapters/node/digest.ts'
import { NodeRandomSource } from '../../../src/adapters/node/random-source.ts'
import { parseTenantId } from '../../../src/domain/model/identifiers.ts'
import { DAY_MS, MINUTE_MS } from '../../../src/domain/model/time.ts'
import { StateService } from '../../../src/domain/services/state-service.ts'
import type { StateKeys } from '../../../src/ports/state-keys.ts'
import { WebKeys } from '../../../src/web/web-keys.ts'
import { KmsWorkbench } from './kms-workbench.ts'
import type { Process } from './kms-workbench.ts'

let bench: KmsWorkbench
beforeEach(async () => {
  bench = await KmsWorkbench.open()
})
afterEach(() => bench.close())

const DOWN = { times: 1_000, reset: true } as const
const digest = new NodeDigest()

const stateKeys = ({ keys }: Process): StateKeys => new KmsStateKeys({ keys })

const ring = new KeyRing({ name: 'K', primary: generateEncryptionKey() })
const movingFrom = (process: Process): StateKeys =>
  new MovingStateKeys({ local: new RingStateKeys(ring), service: stateKeys(process), signs: 'service' })

/** Processes of one host: they share the store of states. */
function serviceOver(states: MemoryStateStore, { cipher }: Process, keys: StateKeys): StateService {
  const { clock } = bench
  const stores = {
    states,
    consumed: new MemoryConsumedStates({ clock }),
    limiter: new MemoryStartLimiter({ clock }),
  }
  return new StateService({ ...stores, cipher, keys, digest, random: new NodeRandomSource(), clock })
}

const issue = (service: StateService): Promise<string> =>
  service.issue({
    tenantId: parseTenantId('tenant-a'),
    provider: 'meta',
    label: 'default',
    returnUrl: '/settings',
    redirectUri: 'https://app.example.com/callback',
    clientId: 'client-1',
    scopes: ['ads_read'],
    allowAccountChange: false,
    startedAt: bench.clock.now(),
  })

/** A process that has seen yesterday's key and today's, and one that has today's alone. */
async function twoGenerations(): Promise<{ readonly all: Process; readonly newest: Process }> {
  const [all, newest] = [bench.start(), bench.start()]
  await all.keys.forSealing(undefined)
  await bench.clock.advance(DAY_MS - MINUTE_MS)
  await stateKeys(all).signing()
  return { all, newest }
}

describe('state keys', () => {
  test('are accepted by every process, also right after another has begun the next generation', async () => {
    const [one, other] = [stateKeys(bench.start()), stateKeys(bench.start())]
    const before = await one.signing()
    expect(await other.accepted()).toEqual({ keys: [before] })
    await bench.clock.advance(DAY_MS)
    const after = await one.signing()
    expect(after).not.toEqual(before)
    expect(await other.accepted()).toEqual({ keys: [after, before] })
    expect(before).toHaveLength(32)
  })
})

describe('While KMS is down, a process that has the key of today and not that of yesterday', () => {
  test.each([
    ['under KMS', stateKeys],
    ['that moves there from local keys', movingFrom],
  ])('%s redeems what was signed today, and uses up nothing of yesterday', async (_, keysOf) => {
    const { all, newest } = await twoGenerations()
    const states = new MemoryStateStore({ clock: bench.clock })
    const [started, service] = [all, newest].map((process) => serviceOver(states, process, keysOf(process)))
    if (started === undefined || service === undefined) throw new Error('two processes were started')
    const yesterday = await issue(started)
    await bench.clock.advance(MINUTE_MS)
    const today = await issue(service)
    bench.kms.plan(DOWN)

    expect((await service.redeem(today, 'meta')).tenantId).toBe('tenant-a')
    await expect(service.redeem(yesterday, 'meta')).rejects.toMatchObject({ code: 'cipher_unavailable' })
    bench.kms.heal()
    await bench.clock.advance(MINUTE_MS)
    expect((await service.redeem(yesterday, 'meta')).tenantId).toBe('tenant-a')
    await expect(service.redeem('A'.repeat(86), 'meta')).rejects.toMatchObject({ code: 'state_invalid' })
  })

  test('takes forms that it signed itself, and tells a forged one from nothing else', async () => {
    const { all, newest } = await twoGenerations()
    const yesterday = await new WebKeys({ keys: stateKeys(all), digest }).sign('form', ['a'])
    await bench.clock.advance(MINUTE_MS)
    const web = new WebKeys({ keys: stateKeys(newest), digest })
    const today = await web.sign('form', ['a'])
    bench.kms.plan(DOWN)
    expect(await web.isSigned('form', ['a'], today)).toBe(true)
    for (const signature of [yesterday, 'forged'])
      await expect(web.isSigned('form', ['a'], signature)).rejects.toMatchObject({
        code: 'cipher_unavailable',
      })
  })
})

describe('MovingStateKeys', () => {
  test.each(['local', 'service'] as const)('sign under one side and accept both: %s', async (signs) => {
    const sides = { local: new RingStateKeys(ring), service: stateKeys(bench.start()) }
    const [ofLocal, ofService] = [await sides.local.signing(), await sides.service.signing()]
    const moving = new MovingStateKeys({ ...sides, signs })
    expect(await moving.signing()).toEqual(await sides[signs].signing())
    const inOrder = signs === 'local' ? [ofLocal, ofService] : [ofService, ofLocal]
    expect(await moving.accepted()).toEqual({ keys: inOrder, missing: undefined })
  })

  test('accept what the local key signed while KMS is down and no data key is at hand', async () => {
    const local = await new RingStateKeys(ring).signing()
    await bench.start().keys.forSealing(undefined)
    bench.kms.plan(DOWN)
    const { keys, missing } = await movingFrom(bench.start()).accepted()
    expect(keys).toEqual([local])
    expect(missing).toMatchObject({ code: 'cipher_unavailable' })
  })
})
