import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { complaints, filesIn } from '../../dev/checks/check.ts'
import { checkPublishedCode } from '../../dev/checks/published-code.ts'
import { packedPackage, packInto, readPackage, run } from './packed-package.ts'
import type { PackedPackage } from './packed-package.ts'

const ALLOWED = [
  /^dist\/(adapters|application|cli|domain|emulator|ports|root|testing|web)\/.+\.(js|js\.map|d\.ts)$/,
  /^dist\/index\.(js|js\.map|d\.ts)$/,
  /^migrations\/\d{3}_[a-z_]+\.sql$/,
  /^(package\.json|README\.md|LICENSE|ARCHITECTURE\.md|CHANGELOG\.md|CONTRIBUTING\.md|SECURITY\.md)$/,
  /^docs\/([a-z-]+\/)?[a-z0-9-]+\.md$/,
]

const second = join(process.cwd(), '.cache', 'deeper', `packed-again-${String(process.pid)}`)
let packed: PackedPackage
let files: readonly string[]

beforeAll(() => {
  packed = packedPackage()
  files = run(packed.folder, 'tar', ['-tzf', packed.tarball])
    .trim()
    .split('\n')
    .map((name) => name.replace(/^package\//, ''))
}, 120_000)

afterAll(() => {
  rmSync(second, { recursive: true, force: true })
})

test('holds what users need, and nothing else', () => {
  expect(files.filter((name) => !ALLOWED.some((pattern) => pattern.test(name)))).toEqual([])
  expect(files).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE']))
  expect(files.filter((name) => name.startsWith('migrations/')).length).toBeGreaterThan(0)
})

test('holds every file that package.json points at', () => {
  const { exports, bin } = readPackage()
  const targets = Object.values(exports).flatMap((target) =>
    typeof target === 'string' ? [target] : [target.types, target.default],
  )
  const named = [...targets, ...Object.values(bin)].filter((target) => !target.includes('*'))
  const held = new Set(files)
  expect(named.map((target) => target.replace(/^\.\//, '')).filter((name) => !held.has(name))).toEqual([])
})

test('is the same, byte by byte, when it is built again elsewhere', () => {
  const again = packInto(second, packed.folder)
  expect(sha256(again.tarball)).toBe(sha256(packed.tarball))
}, 120_000)

test('holds source maps that name files by relative paths and carry their text', () => {
  const maps = files.filter((name) => name.endsWith('.map'))
  for (const name of maps) {
    const map: unknown = JSON.parse(readFileSync(join(packed.folder, name), 'utf8'))
    expect(map).toMatchObject({
      sourceRoot: '',
      sources: [expect.stringMatching(/^(\.\.\/)+src\/[a-z0-9./-]+\.ts$/)],
      sourcesContent: [expect.any(String)],
    })
  }
  expect(maps.length).toBeGreaterThan(100)
})

test('holds no key and no path of the machine that built it', () => {
  const suspicious = [/-----BEGIN/, new RegExp(process.cwd()), /file:\/\//, /\/home\/[a-z]/]
  const guilty = filesIn(packed.folder, ['.js', '.map', '.d.ts'], 'dist').filter((file) => {
    const text = readFileSync(join(packed.folder, file), 'utf8')
    return suspicious.some((pattern) => pattern.test(text))
  })
  expect(guilty).toEqual([])
})

test('evaluates no text, starts no process, writes no file and knows no host but the platforms', () => {
  expect(complaints(checkPublishedCode(join(packed.folder, 'dist')))).toEqual([])
})

const dark = [
  ['calls eval', `export const x = eval('1')`],
  ['calls eval', `export const x = globalThis.eval('1')`],
  ['calls Function', `export const x = new Function('return 1')`],
  ['calls require', `export const x = require('pg')`],
  ['imports node:child_process', `import { exec } from 'node:child_process'`],
  ['imports node:child_process', `export { exec } from 'node:child_process'`],
  ['imports node:module', `import { createRequire } from 'node:module'`],
  ['imports what only running tells', `export const x = (name) => import(name)`],
  ['imports writeFile of node:fs/promises', `import { readFile, writeFile as keep } from 'node:fs/promises'`],
  ['imports all of node:fs', `import * as fs from 'node:fs'`],
  ['knows the host collector.io', `export const x = (id) => \`https://collector.io/\${id}\``],
  ['uses process.binding', `export const x = process.binding('fs')`],
] as const

test.each(dark)('would notice code that %s: %s', (complaint, code) => {
  const folder = join(process.cwd(), '.cache', `published-${String(process.pid)}`)
  mkdirSync(folder, { recursive: true })
  try {
    writeFileSync(join(folder, 'x.js'), `${code}\n`)
    expect(complaints(checkPublishedCode(folder))).toEqual([`x.js:1: ${complaint}`])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}
