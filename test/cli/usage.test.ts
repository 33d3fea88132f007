import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { commands } from '../../src/cli/commands.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const PACKAGE = new URL('../../package.json', import.meta.url)

function run(...parameters: readonly string[]): {
  readonly code: number | null
  readonly said: string
  readonly complained: string
} {
  const { status, stderr, stdout } = spawnSync(process.execPath, ['--import', 'tsx', MAIN, ...parameters], {
    encoding: 'utf8',
  })
  return { code: status, said: stdout, complained: stderr }
}

test('help names every command, and the help of a command says what that one takes', () => {
  const all = run('--help')
  expect(all.code).toBe(0)
  for (const { usage } of commands) expect(all.said).toContain(usage)
  const one = run('refresh', '--help')
  expect([one.code, one.complained]).toEqual([0, ''])
  expect(one.said).toContain('integrations refresh [--concurrency N] [--limit N] [--json]')
  expect(one.said).not.toContain('rotate-keys')
})

test('the version is the package’s', () => {
  const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { readonly version: string }
  expect(run('--version')).toEqual({ code: 0, said: `${version}\n`, complained: '' })
})

test('a command that there is not is called that, and the exit code is that of wrong options', () => {
  const { code, complained, said } = run('refesh')
  expect([code, said]).toEqual([2, ''])
  expect(complained).toMatch(/^integrations: there is no command refesh\n/)
})

test('an error begins with its code', () => {
  const { code, complained } = run('status')
  expect(complained).toBe(
    'integrations status: config_invalid: The configuration is not usable: status: takes either --tenant or --all\n',
  )
  expect(code).toBe(2)
})
