import { ContainerModule } from 'inversify'
import { SystemClock } from '../../src/adapters/node/system-clock.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import type { Clock } from '../../src/ports/clock.ts'

/** A clock on which what is measured and waited for passes `speed` times as fast. The time of day is what it is. */
export function hurriedClock(speed: number): Clock {
  const clock = new SystemClock()
  return {
    now: () => clock.now(),
    monotonicMs: () => clock.monotonicMs() * speed,
    delay: (ms) => clock.delay(ms / speed),
    backgroundDelay: (ms) => clock.backgroundDelay(ms / speed),
  }
}

/** The same for what runs by the clock of the database: leases, quarantines and the waits between attempts. */
export function hurriedLeases(speed: number): ContainerModule {
  return new ContainerModule(({ onActivation }) => {
    onActivation(IDS.RefreshLeases, (_context, leases) => ({
      claim: (key, version, request) => {
        const { baseMs, capMs, jitter } = request.backoff
        const backoff = { baseMs: baseMs / speed, capMs: capMs / speed, jitter }
        return leases.claim(key, version, { ...request, leaseTtlMs: request.leaseTtlMs / speed, backoff })
      },
      store: (...result) => leases.store(...result),
      keepCandidate: (...candidate) => leases.keepCandidate(...candidate),
      release: (lease, { retryInMs, ...reason }) =>
        leases.release(lease, retryInMs === undefined ? reason : { ...reason, retryInMs: retryInMs / speed }),
      suspect: (lease, forMs) => leases.suspect(lease, forMs / speed),
      condemn: (...verdict) => leases.condemn(...verdict),
    }))
  })
}
