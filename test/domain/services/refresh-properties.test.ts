import fc from 'fast-check'
import { describe, test } from 'vitest'
import { refreshLives } from './refresh-commands.ts'

describe('Whatever happens to a connection', () => {
  test.each(['none', 'grace', 'single_use', 'revoking'] as const)(
    'every invariant of the refresh protocol holds, after each step and at rest (%s)',
    async (mode) => {
      await fc.assert(
        refreshLives(mode, async () => undefined),
        { numRuns: 150 },
      )
    },
    60_000,
  )
})
