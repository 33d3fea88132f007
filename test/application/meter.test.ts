import { describe, expect, test } from 'vitest'
import { Meter } from '../../src/application/meter.ts'
import { NotConnectedError } from '../../src/domain/errors.ts'
import { ProviderFailure } from '../../src/domain/provider-failure.ts'
import type { Measurement } from '../../src/ports/measurements.ts'
import { FixedClock } from '../../src/testing/index.ts'

function metering(): { meter: Meter; clock: FixedClock; measured: Measurement[] } {
  const clock = new FixedClock()
  const measured: Measurement[] = []
  const record = (measurement: Measurement): unknown => measured.push(measurement)
  return { clock, measured, meter: new Meter({ clock, measurements: { record } }) }
}

describe('A meter', () => {
  test('says how long work took, and gives what it gave', async () => {
    const { meter, clock, measured } = metering()
    const work = async (): Promise<string> => {
      await clock.advance(40)
      return 'done'
    }
    expect(await meter.time('token.read', 'meta', work)).toBe('done')
    expect(measured).toEqual([{ name: 'token.read', provider: 'meta', outcome: 'ok', durationMs: 40 }])
  })

  test.each([
    [new NotConnectedError('Meta Ads'), 'not_connected'],
    [
      new ProviderFailure({ kind: 'transient', delivery: 'uncertain', providerCode: 'http_503' }),
      'transient',
    ],
    [new Error('token CNRY at https://x.example'), 'unexpected'],
  ])('tells a failure by its kind and passes it on: %o', async (error, kind) => {
    const { meter, measured } = metering()
    await expect(meter.time('job.run', undefined, () => Promise.reject(error))).rejects.toBe(error)
    expect(measured).toEqual([{ name: 'job.run', outcome: 'failed', class: kind, durationMs: 0 }])
  })

  test('changes nothing when nobody can take what it measures', async () => {
    const record = (): void => {
      throw new Error('no room')
    }
    const meter = new Meter({ clock: new FixedClock(), measurements: { record } })
    expect(await meter.time('token.read', 'meta', async () => 'done')).toBe('done')
    meter.count({ name: 'token.refreshed', provider: 'meta' })
  })

  test('does nothing but the work where nobody measures', () => {
    const work = Promise.resolve('done')
    const clock = new FixedClock()
    clock.monotonicMs = () => {
      throw new Error('the clock was read')
    }
    expect(new Meter({ clock }).time('token.read', 'meta', () => work)).toBe(work)
  })
})
