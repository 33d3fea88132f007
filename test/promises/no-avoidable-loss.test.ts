import { setTimeout as delay } from 'node:timers/promises'
import { ContainerModule } from 'inversify'
import { afterEach, describe, expect, test } from 'vitest'
import { IDS } from '../../src/application/container/identifiers.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/model/time.ts'
import type { RotationMode } from '../../src/emulator/rotation.ts'
import { startHostProcess } from '../support/host-process.ts'
import type { Failpoint, HostProcess } from '../support/host-process.ts'
import { askToken, codeOf, KEY, refreshFixture } from './refresh-fixture.ts'
import type { RefreshFixture } from './refresh-fixture.ts'

const TOKEN = { ...KEY, do: 'token' } as const

/** A process that starts on a busy machine takes a while to send. */
const PATIENT = { timeout: 15_000 }

const running: HostProcess[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((host) => host.close()))
})

async function hostOf({ config }: RefreshFixture, failpoint?: Failpoint): Promise<HostProcess> {
  const host = await startHostProcess(config, { failpoint })
  running.push(host)
  return host
}

/** After everything that a lease, a quarantine or a suspicion has to wait for, twice. */
async function outcomeAfterRecovery({ elapse, process, status }: RefreshFixture): Promise<string> {
  const container = process()
  for (let turn = 0; turn < 3; turn += 1) {
    await elapse(13 * MINUTE_MS)
    if ((await codeOf(askToken(container))) === 'ok') return 'usable'
  }
  return status()
}

describe('No avoidable loss: a process that is killed', () => {
  const cases: readonly (readonly [RotationMode, Failpoint, string])[] = [
    ['none', 'claim', 'usable'],
    ['none', 'body', 'usable'],
    ['grace:3600000', 'claim', 'usable'],
    ['grace:3600000', 'body', 'usable'],
    ['grace:3600000', 'store.begin', 'usable'],
    ['single_use', 'claim', 'usable'],
    ['single_use', 'preflight', 'usable'],
    ['single_use', 'body', 'rotation_lost'],
    ['single_use', 'store.begin', 'rotation_lost'],
    ['revoking', 'preflight', 'usable'],
    ['revoking', 'body', 'rotation_lost'],
  ]

  test.each(cases)('%s, at %s: the connection is %s', async (mode, failpoint, expected) => {
    const fixture = await refreshFixture(mode)
    await fixture.elapse(HOUR_MS)
    const host = await hostOf(fixture, failpoint)
    void host.ask(TOKEN)
    await host.reached()
    await host.signal('SIGKILL')
    expect(await outcomeAfterRecovery(fixture)).toBe(expected)
    if (expected === 'usable')
      expect(fixture.emulator.control.lineages('standard')[0]?.endedBy).toBeUndefined()
  })
})

describe('No avoidable loss: a process that lives', () => {
  test('and is paused for longer than its lease brings its result home when it wakes', async () => {
    const fixture = await refreshFixture('single_use')
    await fixture.elapse(HOUR_MS)
    fixture.emulator.control.fail('standard', 'refresh', { delayAfterMs: 1_000 })
    const host = await hostOf(fixture)
    const asked = host.ask(TOKEN)
    await expect.poll(() => fixture.emulator.control.lineages('standard')[0]?.tokenCalls, PATIENT).toBe(1)
    await host.signal('SIGSTOP')
    await fixture.elapse(13 * MINUTE_MS)
    const other = fixture.process()
    expect(await codeOf(askToken(other))).toBe('refresh_pending')
    expect(await fixture.status()).toBe('active')
    await host.signal('SIGCONT')
    expect(await asked).toEqual({ tokens: [expect.any(String)] })
    expect(fixture.emulator.control.accepts('standard', await askToken(other))).toBe(true)
  })

  test('stores what it was given as soon as a database that went away is back', async () => {
    const { elapse, emulator, process, proxy, status } = await refreshFixture('single_use')
    const { config, setDown } = await proxy()
    const container = process({}, config)
    await elapse(HOUR_MS)
    emulator.control.fail('standard', 'refresh', { delayAfterMs: 300 })
    const asked = askToken(container)
    await expect.poll(() => emulator.control.lineages('standard')[0]?.tokenCalls, PATIENT).toBe(1)
    setDown(true)
    await expect
      .poll(() => emulator.control.lineages('standard')[0]?.issues.at(-1)?.outcome, PATIENT)
      .toBe('sent')
    setDown(false)
    expect(emulator.control.accepts('standard', await asked)).toBe(true)
    expect(emulator.control.lineages('standard')[0]?.tokenCalls).toBe(1)
    expect(await status()).toBe('active')
  })

  test('and is told to end waits for the answer and stores it first', async () => {
    const { elapse, emulator, process } = await refreshFixture('single_use')
    const container = process()
    await elapse(HOUR_MS)
    emulator.control.fail('standard', 'refresh', { delayAfterMs: 700 })
    const asked = askToken(container)
    await expect.poll(() => emulator.control.lineages('standard')[0]?.tokenCalls, PATIENT).toBe(1)
    await container.get(IDS.Shutdown).close()
    const token = await asked
    expect(await askToken(process())).toBe(token)
    expect(emulator.control.lineages('standard')[0]?.tokenCalls).toBe(1)
  })

  test('and is told to end while its claim is under way stores what it then asks for', async () => {
    const { elapse, emulator, process } = await refreshFixture('single_use')
    let isClaimed: () => void = () => undefined
    const claimed = new Promise<void>((resolve) => {
      isClaimed = resolve
    })
    const container = process({ modules: [slowClaims(isClaimed)] })
    await elapse(HOUR_MS)
    const asked = askToken(container)
    await claimed
    await container.get(IDS.Shutdown).close()
    expect(await askToken(process())).toBe(await asked)
    expect(emulator.control.lineages('standard')[0]?.tokenCalls).toBe(1)
    expect(await codeOf(container.get(IDS.AccessTokens).get(KEY))).toBe('store_unavailable')
  })

  test('recovers from an answer that was cut off within the grace', async () => {
    const { elapse, emulator, process } = await refreshFixture('grace:30000')
    const container = process()
    await elapse(HOUR_MS)
    emulator.control.fail('standard', 'refresh', { reset: 'after' })
    expect(await codeOf(askToken(container))).toBe('provider_unavailable')
    await elapse(6 * SECOND_MS)
    emulator.control.advance(6 * SECOND_MS)
    expect(emulator.control.accepts('standard', await askToken(container))).toBe(true)
    expect(emulator.control.lineages('standard')[0]?.reuses).toMatchObject([{ withinGrace: true }])
  })

  test('revokes what arrives for a connection that was disconnected meanwhile', async () => {
    const { elapse, emulator, process } = await refreshFixture('single_use')
    const [container, other] = [process(), process()]
    await elapse(HOUR_MS)
    emulator.control.fail('standard', 'refresh', { delayAfterMs: 500 })
    emulator.control.fail('standard', 'revoke', { status: 503, body: '' })
    const asked = codeOf(askToken(container))
    await expect.poll(() => emulator.control.lineages('standard')[0]?.tokenCalls, PATIENT).toBe(1)
    await other.get(IDS.Connections).disconnect(KEY)
    expect(await asked).toBe('not_connected')
    await container.get(IDS.BackgroundWork).drain(container.get(IDS.Clock), 10 * SECOND_MS)
    expect(emulator.control.lineages('standard')[0]?.endedBy).toBe('revoked')
  })
})

/** The database has claimed, and its answer takes a while. */
function slowClaims(onClaimed: () => void): ContainerModule {
  return new ContainerModule(({ onActivation }) => {
    onActivation(IDS.RefreshLeases, (_context, leases) => {
      const claim = leases.claim.bind(leases)
      leases.claim = async (...request) => {
        const lease = await claim(...request)
        onClaimed()
        await delay(100)
        return lease
      }
      return leases
    })
  })
}

describe('One refresh over real processes', () => {
  test('two hundred callers in four of them see one request and one token', async () => {
    const fixture = await refreshFixture('revoking')
    await fixture.elapse(HOUR_MS)
    fixture.emulator.control.setLatency(500, 'standard')
    const hosts = await Promise.all([0, 1, 2, 3].map(() => hostOf(fixture)))
    const answers = await Promise.all(hosts.map((host) => host.ask({ ...TOKEN, times: 50 })))
    const tokens = answers.flatMap((answer) =>
      'tokens' in answer ? answer.tokens : [JSON.stringify(answer)],
    )
    expect(tokens).toHaveLength(200)
    expect(new Set(tokens).size).toBe(1)
    expect(fixture.emulator.control.lineages('standard')[0]).toMatchObject({ tokenCalls: 1, inFlightMax: 1 })
    expect(fixture.emulator.control.lineages('standard')[0]?.liveAccessTokens).toContain(tokens[0])
  })
})
