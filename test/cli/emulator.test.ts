import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { emulatorEnvironment, emulatorKlaviyoKeys } from '../../src/emulator/index.ts'

const started: (() => Promise<number | null>)[] = []
afterEach(async () => {
  for (const end of started.splice(0)) await end()
})

/** What the command prints before it waits. `end` interrupts it and resolves with its exit code. */
async function emulator(
  last: RegExp,
  ...parameters: readonly string[]
): Promise<{ readonly printed: string; readonly end: () => Promise<number | null> }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'emulator', ...parameters], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  const end = async (): Promise<number | null> => {
    child.kill('SIGINT')
    await closed
    return child.exitCode
  }
  started.push(end)
  let printed = ''
  for await (const chunk of child.stdout) {
    printed += String(chunk)
    if (last.test(printed)) break
  }
  return { printed, end }
}

describe('integrations emulator', () => {
  test('prints a file of variables for the apps that it knows, and a key to connect Klaviyo with', async () => {
    const { end, printed } = await emulator(/pk_.*\n/)
    const lines = printed.trim().split('\n')
    const variables = lines.filter((line) => !line.startsWith('# '))
    const environment = new Map(variables.map(splitAtEquals))
    const url = environment.get('INTEGRATIONS_EMULATOR_URL') ?? ''
    expect(Object.fromEntries(environment)).toEqual(emulatorEnvironment(url))
    expect(lines.at(-1)).toContain(emulatorKlaviyoKeys.full)
    expect((await fetch(`${url}/_control/now`)).status).toBe(200)
    expect(await end()).toBe(0)
  })

  test('gives the same as JSON', async () => {
    const { printed } = await emulator(/\n/, '--json')
    const url = /"url":"([^"]+)"/.exec(printed)?.[1] ?? ''
    expect(JSON.parse(printed)).toEqual({
      url,
      environment: emulatorEnvironment(url),
      klaviyoKeys: emulatorKlaviyoKeys,
    })
  })
})

function splitAtEquals(line: string): [name: string, value: string] {
  const at = line.indexOf('=')
  return [line.slice(0, at), line.slice(at + 1)]
}
