import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { documentedUsage, surroundings } from './documented-usage.ts'
import { packedPackage, readPackage, run } from './packed-package.ts'

const project = mkdtempSync(join(tmpdir(), 'consumer-'))
const compiler = join(process.cwd(), 'node_modules/typescript/bin/tsc')
const ENCRYPTION_KEY = 'a key of the host, 32 characters or more'
let database: TestDatabase

const strictest = {
  ...{ target: 'ES2023', module: 'NodeNext', moduleResolution: 'NodeNext', outDir: 'built', rootDir: '.' },
  ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
  ...{ verbatimModuleSyntax: true, types: ['node'] },
}

beforeAll(async () => {
  database = await freshDatabase('empty')
  const { tarball } = packedPackage()
  put('package.json', JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
  put('tsconfig.json', JSON.stringify({ compilerOptions: strictest, include: ['*.ts'] }))
  const usages = { ...documentedUsage, ...readmeUsage(), ...guideUsage(), ...otherPlatforms() }
  const files = { ...usages, ...surroundings, 'entries.ts': everyEntry() }
  for (const [name, text] of Object.entries(files)) put(name, text)
  // Types of Node and the telemetry are the host's; everything else has to come with the package.
  const ofTheHost = ['@types/node', '@opentelemetry/api'].map((name) => `${name}@${versionOf(name)}`)
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']
  run(project, 'npm', ['install', ...quiet, tarball, ...ofTheHost])
}, 240_000)

afterAll(async () => {
  rmSync(project, { recursive: true, force: true })
  await database.drop()
})

test('what hosts have been shown compiles under the strictest settings, and works against the emulator', () => {
  run(project, process.execPath, [compiler, '-p', '.'])

  const env = {
    ...environment(),
    DATABASE_URL: database.url,
    NEXT_PUBLIC_URL: 'http://localhost:3000',
    INTEGRATION_ENCRYPTION_KEY: ENCRYPTION_KEY,
    ENCRYPTION_KEY,
  }
  run(project, 'npx', ['--no-install', 'integrations', 'migrate'], env)
  const seen: unknown = JSON.parse(run(project, process.execPath, ['built/main.js'], env))
  expect(seen).toEqual({
    hasState: true,
    connected: true,
    returnUrl: '/admin/settings/integrations',
    hasAccounts: true,
    hasToken: true,
    metaStatus: 'active',
    platforms: ['meta', 'google_ads', 'tiktok', 'klaviyo'],
    isSealed: true,
    shortKey: 'config_invalid',
    longKey: 'nothing was thrown',
    firstUse: 'rawdog',
    secondUse: 'state_invalid',
    googlePrompt: 'consent',
    tiktokRefusal: 'exchange_rejected',
    readme: '/admin/settings/integrations',
    readmeToken: true,
  })
}, 240_000)

/** So that the types of every entry are compiled, libraries included. */
function everyEntry(): string {
  const { name, exports } = readPackage()
  const entries = Object.entries(exports).flatMap(([path, target]) =>
    typeof target === 'string' ? [] : [path],
  )
  const lines = entries.map(
    (path, index) => `export * as entry${String(index)} from '${name}${path.slice(1)}'`,
  )
  return `${lines.join('\n')}\n`
}

function put(name: string, text: string): void {
  writeFileSync(join(project, name), text)
}

/** The example of the README, cut where the browser goes away to the platform. */
function readmeUsage(): Record<string, string> {
  const [imports = '', start = '', complete = '', use = ''] = exampleOf('README.md').trim().split('\n\n')
  return {
    'readme-start.ts': `${imports}\n\n${start}\n\nexport { authUrl }\n`,
    'readme-complete.ts': `${imports}\n\n${complete}\n\n${use}\n\nexport { returnUrl, accessToken }\n`,
  }
}

/** The guide to platforms by definition: each example says in its first line which file of the host it is. */
function otherPlatforms(): Record<string, string> {
  const guide = readFileSync('docs/guides/other-platforms.md', 'utf8')
  const examples = [...guide.matchAll(/```ts\n\/\/ ([a-z-]+\.ts)\n(.*?)```/gs)]
  expect(examples).toHaveLength(guide.split('```ts').length - 1)
  return Object.fromEntries(examples.map(([, name = '', text = '']) => [name, text]))
}

/** Examples of the guides that stand alone, as they are: compiled and not run. */
function guideUsage(): Record<string, string> {
  const [reminder, measuring] = ['await remind(', 'new OpenTelemetryMeasurements']
  return {
    'guide-reminder.ts': exampleOf('docs/operating.md', reminder),
    'guide-measuring.ts': exampleOf('docs/operating.md', measuring),
    'guide-mounting.ts': exampleOf('docs/guides/mounting.md'),
    'guide-testing.ts': exampleOf('docs/guides/testing.md'),
  }
}

/** The first one that contains `words`. */
function exampleOf(document: string, words = ''): string {
  const examples = [...readFileSync(document, 'utf8').matchAll(/^ *```ts\n(.*?)```/gms)]
  const example = examples.map(([, text = '']) => text).find((text) => text.includes(words))
  if (example === undefined) throw new Error(`${document} has no example with ${words}`)
  return example
}

function versionOf(name: string): string {
  const text = readFileSync(join('node_modules', name, 'package.json'), 'utf8')
  return /"version": "([^"]+)"/.exec(text)?.[1] ?? 'latest'
}

/** Nothing of this run's own settings. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env
  return { PATH, HOME, NODE_ENV: 'test' }
}
