import { expect, test } from 'vitest'
import { MemoryStartLimiter } from '../../src/adapters/memory/start-limiter.ts'
import { ConfigInvalidError } from '../../src/domain/errors.ts'
import { startLimiterContract } from '../../src/testing/contracts/start-limiter.contract.ts'
import { FixedClock } from '../../src/testing/fixed-clock.ts'

startLimiterContract(test, async () => {
  const clock = new FixedClock()
  const limiters = new Map<string, MemoryStartLimiter>()
  return {
    // One process is all that counters in memory are for: the same limits are the same limiter.
    limiter: (limits) => {
      const name = JSON.stringify(limits ?? {})
      const limiter = limiters.get(name) ?? new MemoryStartLimiter({ clock, limits })
      limiters.set(name, limiter)
      return limiter
    },
    pass: (ms) => clock.advance(ms),
    close: async () => undefined,
  }
})

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
  'a limit of %s is refused by its name',
  (most) => {
    expect(() => new MemoryStartLimiter({ clock: new FixedClock(), limits: { perTenant: most } })).toThrow(
      ConfigInvalidError,
    )
    expect(() => new MemoryStartLimiter({ clock: new FixedClock(), limits: { perTenant: most } })).toThrow(
      'limits.perTenant',
    )
  },
)
