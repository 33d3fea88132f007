import { describe, expect, test } from 'vitest'
import { startGrantingPlatform } from './granting-platform.ts'
import { complete, newTenant, openWorld, start } from './world.ts'

describe.each(['redis', 'postgres', 'memory'] as const)('a state kept in %s', (states) => {
  const kept = states === 'redis' ? {} : { states }

  test('is exchanged once, however many completions over two processes arrive at the same instant', async () => {
    const acme = await startGrantingPlatform()
    const world = await openWorld({ ...kept, platforms: [acme] })
    const one = world.process()
    // What is kept in memory is one process's own.
    const other = states === 'memory' ? one : world.process()
    for (let round = 1; round <= 3; round += 1) {
      const { state } = await start(one, newTenant())
      const callback = { code: `code-${round}`, state }
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, (_, index) => complete(index % 2 === 0 ? one : other, callback)),
      )

      expect(outcomes.filter((outcome) => outcome === 'connected')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === 'state_invalid')).toHaveLength(49)
      expect(acme.exchanges).toHaveLength(round)
    }
  })
})
