import { fork } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { BackgroundWork } from '../../src/application/background-work.ts'
import { FixedClock } from '../../src/testing/index.ts'

describe('BackgroundWork', () => {
  test('is drained at once when nothing is under way', async () => {
    expect(await new BackgroundWork().drain(new FixedClock(), 1_000)).toBe(true)
  })

  test('waits for work that was added while it waits, and does not mind how it ends', async () => {
    const work = new BackgroundWork()
    const clock = new FixedClock()
    let finish: () => void = () => undefined
    work.keep(
      Promise.reject(new Error('failed')).catch(() => {
        work.keep(
          new Promise<void>((resolve) => {
            finish = resolve
          }),
        )
      }),
    )
    work.keep(Promise.reject(new Error('its own affair')))
    const drained = work.drain(clock, 1_000)
    await clock.advance(999)
    finish()
    expect(await drained).toBe(true)
  })

  test('gives up after its limit', async () => {
    const work = new BackgroundWork()
    const clock = new FixedClock()
    let finish: () => void = () => undefined
    work.keep(
      new Promise<void>((resolve) => {
        finish = resolve
      }),
    )
    const drained = work.drain(clock, 1_000)
    await clock.advance(1_000)
    expect(await drained).toBe(false)
    finish()
  })

  test('goes on when the host refuses to stay awake for it', async () => {
    const work = new BackgroundWork(() => {
      throw new Error('outside of a request')
    })
    work.keep(Promise.resolve())
    expect(await work.drain(new FixedClock(), 1_000)).toBe(true)
  })

  test('keeps a process alive that has nothing else to do, and no longer than that', async () => {
    const child = fork(new URL('./waiting-process.ts', import.meta.url), {
      execArgv: ['--import', 'tsx'],
      stdio: 'pipe',
    })
    let printed = ''
    child.stdout?.on('data', (data: Buffer) => {
      printed += data.toString()
    })
    await once(child, 'exit')
    expect({ code: child.exitCode, printed }).toEqual({ code: 0, printed: 'stored\n' })
  })
})
