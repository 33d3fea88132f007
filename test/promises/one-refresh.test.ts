import { describe, expect, test } from 'vitest'
import { IDS } from '../../src/application/container/identifiers.ts'
import { HOUR_MS } from '../../src/domain/model/time.ts'
import { askToken, refreshFixture } from './refresh-fixture.ts'

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
