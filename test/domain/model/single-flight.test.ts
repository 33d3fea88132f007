import { describe, expect, test } from 'vitest'
import { SingleFlight } from '../../../src/domain/model/single-flight.ts'

describe('SingleFlight', () => {
  test('gives everybody who comes in time the same outcome', async () => {
    const flight = new SingleFlight<number>()
    let starts = 0
    const start = async (): Promise<number> => (starts += 1)
    expect(await Promise.all([flight.run('a', start), flight.run('a', start)])).toEqual([1, 1])
  })

  test('keeps different keys apart', async () => {
    const flight = new SingleFlight<string>()
    const outcomes = [flight.run('a', async () => 'A'), flight.run('b', async () => 'B')]
    expect(await Promise.all(outcomes)).toEqual(['A', 'B'])
  })

  test('starts anew after a success and after a failure', async () => {
    const flight = new SingleFlight<number>()
    expect(await flight.run('a', async () => 1)).toBe(1)
    await expect(flight.run('a', () => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
    expect(await flight.run('a', async () => 2)).toBe(2)
  })
})
