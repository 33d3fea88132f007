import { fork } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { IDS } from '../../src/application/container/identifiers.ts'
import { HOUR_MS, SECOND_MS } from '../../src/domain/model/time.ts'
import type { AskingScript } from './asking-script.ts'
import { askToken, KEY, refreshFixture } from './refresh-fixture.ts'

/** A script whose process ends by itself: what it wrote until then, and how long it lived after that. */
async function runScript(
  script: AskingScript,
): Promise<{ readonly wrote: string; readonly lingeredMs: number }> {
  const child = fork(new URL('./asking-script.ts', import.meta.url), [JSON.stringify(script)], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  let [wrote, wroteAt] = ['', 0]
  child.stdout?.on('data', (data: Buffer) => {
    wrote += data.toString()
    wroteAt = performance.now()
  })
  await once(child, 'exit')
  return { wrote, lingeredMs: performance.now() - wroteAt }
}

describe('A script', () => {
  test('that waits for the refresh of another process lives until it has its answer', async () => {
    const { config, databaseUrl, elapse, process } = await refreshFixture('revoking')
    await elapse(HOUR_MS)
    const one = process()
    const lifecycle = one.get(IDS.TokenLifecycleService)
    const client = one.get(IDS.ProviderRegistry).get(KEY.provider)
    const request = lifecycle.claimRequest(client)
    expect(await one.get(IDS.RefreshLeases).claim(KEY, 1, request)).toMatchObject({ epoch: 1 })
    const { wrote } = await runScript({ config, databaseUrl, key: KEY, speed: 20 })
    expect(wrote).toBe('refresh_pending')
  }, 60_000)

  test('that has what it asked for is not held by the time that it would have waited', async () => {
    const { config, databaseUrl, elapse } = await refreshFixture('revoking')
    await elapse(HOUR_MS)
    const { wrote, lingeredMs } = await runScript({ config, databaseUrl, key: KEY, speed: 1 })
    expect(wrote).toBe('a token')
    expect(lingeredMs).toBeLessThan(5 * SECOND_MS)
  }, 60_000)
})

describe('One refresh', () => {
  test('however many callers in however many processes need a token at once, one request is made', async () => {
    const { emulator, elapse, process } = await refreshFixture('revoking')
    await elapse(HOUR_MS)
    emulator.control.setLatency(300, 'standard')
    const processes = [process(), process(), process(), process()]
    const asked = processes.flatMap((one) => Array.from({ length: 50 }, () => askToken(one)))
    const tokens = new Set(await Promise.all(asked))
    const [lineage] = emulator.control.lineages('standard')
    expect(tokens.size).toBe(1)
    expect(lineage).toMatchObject({
      tokenCalls: 1,
      inFlightMax: 1,
      reuses: [],
      liveRefreshTokens: [expect.any(String)],
    })
    expect(lineage?.liveAccessTokens).toContain([...tokens][0])
  })

  test('the grant of a server that kills reuse lives on through twenty rounds of that, callers and job together', async () => {
    const { emulator, elapse, process } = await refreshFixture('revoking')
    const processes = [process(), process(), process()]
    for (let round = 0; round < 20; round += 1) {
      await elapse(HOUR_MS)
      const asked = processes.flatMap((one) => [
        askToken(one),
        askToken(one),
        one.get(IDS.RefreshDueConnections).run(),
      ])
      await Promise.all(asked)
    }
    const [lineage] = emulator.control.lineages('standard')
    expect(lineage).toMatchObject({ tokenCalls: 20, inFlightMax: 1, reuses: [] })
    expect(lineage?.endedBy).toBeUndefined()
  })
})
