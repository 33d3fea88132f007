import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { filesIn } from '../../dev/checks/check.ts'

const REPOSITORY = process.cwd()
const FILES = ['package.json', 'tsconfig.json', 'tsconfig.build.json']
const DOCUMENTS = ['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md']
const FOLDERS = ['src', 'migrations']
const HOUR_MS = 3_600_000
const MAX_MS = 120_000

const manifest = z.object({
  name: z.string(),
  version: z.string(),
  exports: z.record(z.string(), z.union([z.string(), z.object({ types: z.string(), default: z.string() })])),
  bin: z.record(z.string(), z.string()),
  dependencies: z.record(z.string(), z.string()),
  peerDependencies: z.record(z.string(), z.string()),
})

/** The package as it would be published. */
export interface PackedPackage {
  /** The clean copy that was built, with its `dist`. */
  readonly folder: string
  readonly tarball: string
}

/** Builds and packs the sources as they are now; the same sources are built once, however many files ask. */
export function packedPackage(): PackedPackage {
  const folder = join(REPOSITORY, '.cache', `package-${fingerprint()}`)
  if (!existsSync(folder)) {
    removeStale()
    const own = `${folder}.${String(process.pid)}`
    packInto(own)
    try {
      renameSync(own, folder)
    } catch (error) {
      // Another test file was faster.
      rmSync(own, { recursive: true, force: true })
      if (!existsSync(folder)) throw error
    }
  }
  return { folder, tarball: join(folder, tarballName()) }
}

/** Builds and packs a copy of `origin` in `folder`, which lies inside the repository so that packages resolve. */
export function packInto(folder: string, origin = REPOSITORY): PackedPackage {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const name of [...FILES, ...DOCUMENTS, ...FOLDERS]) {
    if (existsSync(join(origin, name))) cpSync(join(origin, name), join(folder, name), { recursive: true })
  }
  run(folder, process.execPath, [
    join(REPOSITORY, 'node_modules/typescript/bin/tsc'),
    '-p',
    'tsconfig.build.json',
  ])
  run(folder, 'npm', ['pack', '--ignore-scripts'])
  return { folder, tarball: join(folder, tarballName()) }
}

/** Runs a program and gives what it printed; on failure the error carries it. */
export function run(
  folder: string,
  program: string,
  parameters: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): string {
  const { status, stdout, stderr } = spawnSync(program, parameters, {
    ...{ cwd: folder, env },
    encoding: 'utf8',
    timeout: MAX_MS,
  })
  if (status === 0) return stdout
  throw new Error(`${program} ${parameters.join(' ')} ended with ${String(status)}:\n${stdout}\n${stderr}`)
}

function tarballName(): string {
  const { name, version } = readPackage()
  return `${name.replace('@', '').replace('/', '-')}-${version}.tgz`
}

export function readPackage(): z.output<typeof manifest> {
  return manifest.parse(JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')))
}

function fingerprint(): string {
  const hash = createHash('sha256').update(process.version)
  const sources = FOLDERS.flatMap((folder) => filesIn(REPOSITORY, [''], folder))
  for (const file of [...FILES, ...DOCUMENTS, ...sources]) {
    if (existsSync(join(REPOSITORY, file)))
      hash.update(`\0${file}\0`).update(readFileSync(join(REPOSITORY, file)))
  }
  return hash.digest('hex').slice(0, 16)
}

/** Packages of earlier sources; a younger one may be in use by another run. */
function removeStale(): void {
  const nursery = join(REPOSITORY, '.cache')
  if (!existsSync(nursery)) return
  for (const name of readdirSync(nursery).filter((one) => one.startsWith('package-'))) {
    const isStale = statSync(join(nursery, name)).mtimeMs < Date.now() - HOUR_MS
    if (isStale) rmSync(join(nursery, name), { recursive: true, force: true })
  }
}
