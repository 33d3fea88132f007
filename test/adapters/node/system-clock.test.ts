import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { SystemClock } from '../../../src/adapters/node/system-clock.ts'

const clock = new SystemClock()
const run = promisify(execFile)

describe('SystemClock', () => {
  test("tells the machine's time in milliseconds since 1970", () => {
    const before = Date.now()
    const now = clock.now()
    expect(now).toBeGreaterThanOrEqual(before)
    expect(now).toBeLessThanOrEqual(Date.now())
  })

  test('delays at least as long as asked, on a clock that never goes back', async () => {
    const before = clock.monotonicMs()
    await clock.delay(20)
    // Timers may end a fraction of a millisecond early on the finer clock.
    expect(clock.monotonicMs() - before).toBeGreaterThan(18)
  })

  test('does not end a delay of weeks at once, which timers would', async () => {
    const first = await Promise.race([
      clock.delay(2 ** 31 + 1_000).then(() => 'the long delay'),
      clock.delay(30).then(() => 'the short delay'),
    ])
    expect(first).toBe('the short delay')
  })

  test('takes a delay of nothing or less for the shortest there is', async () => {
    await clock.delay(0)
    await clock.delay(-5)
  })

  test.each([
    ['is kept alive by a delay that somebody waits for', 'delay(50)', 'over'],
    ['is not kept alive by a delay in the background', 'backgroundDelay(3_600_000)', ''],
  ])('a process %s', async (_name, call, printed) => {
    const module = new URL('../../../src/adapters/node/system-clock.ts', import.meta.url).href
    const script = `import(${JSON.stringify(module)}).then(({ SystemClock }) => {
      new SystemClock().${call}.then(() => process.stdout.write('over'))
    })`
    const { stdout, stderr } = await run(process.execPath, ['--import', 'tsx', '--eval', script], {
      timeout: 60_000,
    })
    expect({ stdout, stderr }).toEqual({ stdout: printed, stderr: '' })
  })
})
