import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { packedPackage, readPackage, run } from './packed-package.ts'

let folder: string

beforeAll(() => {
  folder = packedPackage().folder
}, 120_000)

/** Prints the URL of every module that an import of `process.argv[1]` resolves to. */
const RECORDER = `
import { register } from 'node:module'
const hook = \`import { writeSync } from 'node:fs'
export async function resolve(specifier, context, next) {
  const answer = await next(specifier, context)
  writeSync(1, answer.url + '\\\\n')
  return answer
}\`
register('data:text/javascript,' + encodeURIComponent(hook))
await import(process.argv[1])
`

/** Packages (by name) and own files (by path below dist) that are loaded with an entry. */
function loadedBy(entry: string): { packages: string[]; files: string[] } {
  const target = readPackage().exports[entry]
  if (target === undefined || typeof target === 'string') throw new Error(`${entry} is no entry`)
  const module = join(folder, target.default)
  const lines = run(folder, process.execPath, ['--input-type=module', '--eval', RECORDER, module]).split('\n')
  const own = `file://${folder}/dist/`
  const names = lines.map((line) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(line)?.[1])
  return {
    packages: [...new Set(names.filter((name) => name !== undefined))].sort(),
    files: lines.filter((line) => line.startsWith(own)).map((line) => line.slice(own.length)),
  }
}

/** What each entry may load of `dependencies`; whatever else those bring along is theirs. */
const may: Readonly<Record<string, readonly string[]>> = {
  '.': ['cockatiel'],
  './container': ['cockatiel', 'inversify', 'ioredis', 'oauth4webapi', 'pg', 'reflect-metadata', 'zod'],
  './postgres': ['pg'],
  './redis': ['ioredis'],
  './kms': ['cockatiel'],
  './bullmq': [],
  './opentelemetry': [],
  './web': [],
  './testing': [],
  './emulator': ['zod'],
}

test('every entry has a list of the packages that it may load', () => {
  const { exports } = readPackage()
  const modules = Object.entries(exports).flatMap(([name, target]) =>
    typeof target === 'string' ? [] : [name],
  )
  expect(modules.sort()).toEqual(Object.keys(may).sort())
})

test.each(Object.entries(may))('importing %s loads no other dependency than %j', (entry, allowed) => {
  const { dependencies, peerDependencies } = readPackage()
  const ours = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)])
  const { packages, files } = loadedBy(entry)
  expect(files.length).toBeGreaterThan(0)
  expect(packages.filter((name) => ours.has(name) && !allowed.includes(name))).toEqual([])
})

test('importing the root loads no database, no AWS SDK, no BullMQ, no telemetry, no emulator and no test kit', () => {
  const { packages, files } = loadedBy('.')
  const foreign = /^(pg|ioredis|@aws-sdk\/.*|@smithy\/.*|bullmq|@opentelemetry\/.*|oidc-provider)$/
  expect(packages.filter((name) => foreign.test(name))).toEqual([])
  expect(files.filter((file) => /^(emulator|testing|cli|web)\//.test(file))).toEqual([])
})

test('the recorder sees what an import loads', () => {
  expect(loadedBy('./postgres').packages).toContain('pg')
})
