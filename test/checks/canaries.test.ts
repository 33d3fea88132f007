import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { complaints } from '../../dev/checks/check.ts'
import type { Check } from '../../dev/checks/check.ts'
import { checkFormatting } from '../../dev/checks/formatting.ts'
import { checkImports } from '../../dev/checks/imports.ts'
import { checkLinting } from '../../dev/checks/linting.ts'
import { checkPurity, checkTypes } from '../../dev/checks/types.ts'
import { containerModule, plantCanaryTree } from './canary-tree.ts'

const tree = plantCanaryTree()
beforeEach(tree.restore)
afterAll(tree.remove)

interface Violation {
  /** Reads on from "fails on". */
  readonly what: string
  readonly file: string
  readonly text: string
  readonly complaint: RegExp
}

function catches(check: Check, violations: readonly Violation[]): void {
  test('passes a healthy tree, having seen every file', async () => {
    const outcome = await check(tree.root)
    expect(complaints(outcome)).toEqual([])
    expect(outcome.seen).toEqual(expect.arrayContaining([...outcome.expected]))
    expect(outcome.expected.length).toBeGreaterThan(0)
  })

  test.each(violations)('fails on $what', async ({ file, text, complaint }) => {
    tree.write(file, text)
    const found = complaints(await check(tree.root))
    expect(found.join('\n')).toMatch(complaint)
    expect(found.filter((one) => !one.includes(file) && !complaint.test(one))).toEqual([])
  })
}

function imports(what: string, file: string, specifier: string, complaint: RegExp): Violation {
  return { what, file, text: `import { x } from '${specifier}'\n\nexport const y = x\n`, complaint }
}

describe('the import check', () => {
  catches(checkImports, [
    imports(
      'a model that imports a port',
      'src/domain/model/x.ts',
      '../../ports/tenant-store.ts',
      /not import ports/,
    ),
    imports(
      'errors that import a port',
      'src/domain/errors.ts',
      '../ports/tenant-store.ts',
      /not import ports/,
    ),
    imports(
      'a port that imports a service',
      'src/ports/x.ts',
      '../domain/services/tenant-service.ts',
      /import services/,
    ),
    imports(
      'a service that imports an adapter',
      'src/domain/services/x.ts',
      '../../adapters/postgres/tenant-store.ts',
      /must not import adapters\/postgres/,
    ),
    imports(
      'a use case that imports an adapter',
      'src/application/x.ts',
      '../adapters/postgres/tenant-store.ts',
      /application must not import adapters\/postgres/,
    ),
    imports(
      'a use case that imports the container',
      'src/application/x.ts',
      './container/identifiers.ts',
      /application must not import composition/,
    ),
    imports(
      'an adapter that imports a service',
      'src/adapters/redis/x.ts',
      '../../domain/services/tenant-service.ts',
      /must not import services/,
    ),
    imports(
      'an adapter that imports a use case',
      'src/adapters/redis/x.ts',
      '../../application/admit-tenant.ts',
      /must not import application/,
    ),
    imports(
      'an adapter that imports another technology',
      'src/adapters/redis/x.ts',
      '../postgres/tenant-store.ts',
      /adapters\/redis must not import adapters\/postgres/,
    ),
    imports(
      'a platform that imports another platform',
      'src/adapters/providers/tiktok/x.ts',
      '../meta/client.ts',
      /providers\/tiktok must not import providers\/meta/,
    ),
    imports(
      'what platforms share that imports a platform',
      'src/adapters/providers/x.ts',
      './meta/client.ts',
      /providers must not import providers\/meta/,
    ),
    imports('a source that imports a test', 'src/web/x.ts', '../../test/tenant.test.ts', /from outside src/),
    imports(
      'a package in a use case',
      'src/application/x.ts',
      'inversify',
      /must not import the package inversify/,
    ),
    imports(
      'a driver in the wrong adapter',
      'src/adapters/redis/x.ts',
      'pg',
      /must not import the package pg/,
    ),
    imports('a package that users do not get', 'src/web/x.ts', 'hono', /users of this package do not get/),
    imports('a node module in a use case', 'src/application/x.ts', 'node:fs', /must not import node:fs/),
    imports('a folder that no rule knows', 'src/utilities/x.ts', './y.ts', /no row of the layer table/),
    {
      what: 'a forbidden import that is a type in passing',
      file: 'src/ports/x.ts',
      text: `export type X = import('../application/admit-tenant.ts').X\n`,
      complaint: /ports must not import application/,
    },
    {
      what: 'a forbidden dynamic import',
      file: 'src/application/x.ts',
      text: `export const x = () => import('../adapters/postgres/tenant-store.ts')\n`,
      complaint: /application must not import adapters\/postgres/,
    },
    {
      what: 'a forbidden re-export',
      file: 'src/application/x.ts',
      text: `export { PostgresTenantStore } from '../adapters/postgres/tenant-store.ts'\n`,
      complaint: /application must not import adapters\/postgres/,
    },
    {
      what: 'values imported in a circle',
      file: 'src/adapters/providers/wire.ts',
      text: `export { limit } from './wire.ts'\n`,
      complaint: /values are imported in a circle/,
    },
  ])

  test('lets types refer back', async () => {
    tree.write(
      'src/domain/model/a.ts',
      `import type { B } from './b.ts'\n\nexport interface A {\n  b: B\n}\n`,
    )
    tree.write(
      'src/domain/model/b.ts',
      `import type { A } from './a.ts'\n\nexport interface B {\n  a: A\n}\n`,
    )
    expect(complaints(await checkImports(tree.root))).toEqual([])
  })
})

function inDomain(what: string, text: string, complaint: RegExp): Violation {
  return { what: `${what} in the domain`, file: 'src/domain/model/x.ts', text, complaint }
}

describe('the purity check', () => {
  catches(checkPurity, [
    inDomain('fetch', `export const x = fetch\n`, /Cannot find name 'fetch'/),
    inDomain('Buffer', `export const x = Buffer.from('')\n`, /Cannot find name 'Buffer'/),
    inDomain('process', `export const x = process.env\n`, /Cannot find name 'process'/),
    inDomain('console', `console.log('x')\n`, /Cannot find name 'console'/),
    inDomain('a timer', `setTimeout(() => {}, 1)\n`, /Cannot find name 'setTimeout'/),
    inDomain(
      'a node module',
      `import { x } from 'node:fs'\n\nexport const y = x\n`,
      /Cannot find (module|name) 'node:fs'/,
    ),
    {
      what: "a port that names a driver's type",
      file: 'src/ports/x.ts',
      text: `import type { Pool } from 'pg'\n\nexport type X = Pool\n`,
      complaint: /node_modules\/.*: domain and ports pull it in/,
    },
  ])
})

describe('the type check', () => {
  catches(checkTypes, [
    {
      what: 'a type error in the sources',
      file: 'src/application/x.ts',
      text: `export const x: number = ''\n`,
      complaint: /TS2322/,
    },
    {
      what: 'a type error in the tests',
      file: 'test/x.test.ts',
      text: `export const x: number = ''\n`,
      complaint: /TS2322/,
    },
    {
      what: 'an undefined passed for an optional member',
      file: 'src/application/x.ts',
      text: `export const x: { y?: number } = { y: undefined }\n`,
      complaint: /TS2375/,
    },
    {
      what: 'an enum',
      file: 'src/application/x.ts',
      text: `export enum X {\n  Y,\n}\n`,
      complaint: /TS1294/,
    },
    {
      what: 'two dependencies swapped in a container module',
      file: 'src/application/container/module.ts',
      text: containerModule('IDS.Clock, IDS.TenantStore'),
      complaint: /TS(2345|2741|2769)/,
    },
  ])

  test('says so when a file on disk is outside the program', async () => {
    tree.write('forgotten/x.ts', `export const x = 1\n`)
    expect(complaints(await checkTypes(tree.root))).toEqual(['forgotten/x.ts: was not looked at'])
  })
})

describe('the lint check', () => {
  catches(checkLinting, [
    inDomain('Date', `export const x = Date.now()\n`, /no-restricted-globals/),
    inDomain('Math.random', `export const x = Math.random()\n`, /no-restricted-properties/),
    inDomain('globalThis', `export const x = globalThis\n`, /no-restricted-globals/),
    inDomain(
      'a package, if only its types,',
      `import type { Pool } from 'pg'\n\nexport type X = Pool\n`,
      /no-restricted-imports/,
    ),
    inDomain('a type import in passing', `export type X = import('pg').Pool\n`, /no-restricted-syntax/),
    inDomain(
      'a reference to types',
      `/// <reference types="node" />\nexport const x = 1\n`,
      /triple-slash-reference/,
    ),
    inDomain(
      'a rule switched off',
      `// eslint-disable-next-line no-restricted-globals\nexport const x = Date.now()\n`,
      /no-restricted-globals/,
    ),
    {
      what: 'a floating promise',
      file: 'src/application/x.ts',
      text: `const work = async () => 1\nexport const x = () => {\n  work()\n}\n`,
      complaint: /no-floating-promises/,
    },
    {
      what: 'a promise where a condition belongs',
      file: 'src/application/x.ts',
      text: `const work = async () => true\nexport const x = () => (work() ? 1 : 2)\n`,
      complaint: /no-misused-promises/,
    },
    {
      what: 'any',
      file: 'src/application/x.ts',
      text: `export const x = (y: any): unknown => y as unknown[]\n`,
      complaint: /no-explicit-any/,
    },
    {
      what: 'a non-null assertion',
      file: 'src/application/x.ts',
      text: `export const x = (y?: string): string => y!\n`,
      complaint: /no-non-null-assertion/,
    },
    {
      what: 'a default export',
      file: 'src/application/x.ts',
      text: `export default 1\n`,
      complaint: /no-restricted-syntax/,
    },
    {
      what: 'a file of more than 400 lines',
      file: 'src/application/x.ts',
      text: `export const x = 1\n${'// line\n'.repeat(400)}`,
      complaint: /max-lines/,
    },
    {
      what: 'a module mock',
      file: 'test/x.test.ts',
      text: `import { vi } from 'vitest'\n\nvi.mock('../src/index.ts')\n`,
      complaint: /no-restricted-syntax/,
    },
    {
      what: 'a skipped test',
      file: 'test/x.test.ts',
      text: `import { test } from 'vitest'\n\ntest.skip('later', () => undefined)\n`,
      complaint: /no-restricted-syntax/,
    },
  ])
})

describe('the formatting check', () => {
  catches(checkFormatting, [
    {
      what: 'semicolons',
      file: 'src/application/x.ts',
      text: `export const x = 1;\n`,
      complaint: /run npm run format/,
    },
    {
      what: 'a file that does not parse',
      file: 'src/application/x.ts',
      text: `export const = 1\n`,
      complaint: /run npm run format/,
    },
  ])
})

test('a check that saw nothing complains', () => {
  expect(complaints({ seen: [], expected: [], problems: [] })).toEqual(['saw no file at all'])
})
