import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { basename, delimiter, dirname, join } from 'node:path'
import { userCacheFolder } from './cache-folder.ts'

/** A Redis server that can be run, with the libraries it needs beyond the system's. */
export interface RedisBinary {
  readonly command: string
  readonly env: Readonly<Record<string, string>>
}

const MISSING =
  'No Redis: set REDIS_URL, or install redis-server or valkey-server (Debian: apt-get install redis-server)'

/** The server on PATH, else a private copy by Debian's own package tool, fetched once and without root. */
export function redisBinary(): RedisBinary {
  const path = process.env['PATH'] ?? '/usr/bin:/bin'
  const installed = onPath(path, 'redis-server') ?? onPath(path, 'valkey-server')
  if (installed !== undefined) return { command: installed, env: { PATH: path } }

  const home = join(userCacheFolder(), `redis-${process.arch}`)
  const kept = privateCopy(home, path)
  if (kept !== undefined) return kept
  fetchWithApt(home, path)
  const fetched = privateCopy(home, path)
  if (fetched === undefined) throw new Error(`${MISSING}. The copy in ${home} does not run.`)
  return fetched
}

function onPath(path: string, name: string): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file))
}

function privateCopy(home: string, path: string): RedisBinary | undefined {
  const binary = {
    command: join(home, 'redis-server'),
    env: { PATH: path, LD_LIBRARY_PATH: libraryPath(home) },
  }
  const runs = spawnSync(binary.command, ['--version'], { env: binary.env, stdio: 'ignore' })
  return runs.status === 0 ? binary : undefined
}

function libraryPath(home: string): string {
  const root = join(home, 'root', 'usr', 'lib')
  if (!existsSync(root)) return ''
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.includes('linux-gnu'))
    .map((entry) => join(root, entry.name))
    .join(delimiter)
}

/*
 * A fresh image has empty package lists, and only root may fill the system's: lists, cache and unpacked
 * files are all private. In Debian the server's code is redis-tools' `redis-check-rdb`, which acts as the
 * server under the name `redis-server`.
 */
function fetchWithApt(home: string, path: string): void {
  if (onPath(path, 'apt-get') === undefined || onPath(path, 'dpkg-deb') === undefined)
    throw new Error(MISSING)
  mkdirSync(dirname(home), { recursive: true })
  const work = mkdtempSync(`${home}-`)
  try {
    fetchInto(work, path)
    rmSync(home, { recursive: true, force: true })
    renameSync(work, home)
  } catch (error) {
    rmSync(work, { recursive: true, force: true })
    // Another process was faster and its copy stands.
    if (!existsSync(join(home, 'redis-server'))) throw error
  }
}

function fetchInto(work: string, path: string): void {
  const apt = (args: readonly string[], cwd = work): string =>
    run('apt-get', [...privateAptFolders(work), ...args], cwd)
  apt(['update'])
  // -qq hides the plan of a simulation; -q alone does not.
  const simulated = apt(['--simulate', '--no-install-recommends', 'install', 'redis-tools'])
  const packages = [...simulated.matchAll(/^Inst (\S+)/gm)].map((match) => String(match[1]))
  if (packages.length > 0) apt(['download', ...packages])
  for (const file of readdirSync(work).filter((name) => name.endsWith('.deb'))) {
    run('dpkg-deb', ['--extract', file, 'root'], work)
    rmSync(join(work, file))
  }
  rmSync(join(work, 'apt'), { recursive: true, force: true })
  // With redis-tools in the system nothing was fetched, and the system's own file serves.
  const fetched = join('root', 'usr', 'bin', 'redis-check-rdb')
  const target = existsSync(join(work, fetched)) ? fetched : onPath(path, basename(fetched))
  if (target === undefined) throw new Error(`${MISSING}. The package redis-tools carries no server.`)
  symlinkSync(target, join(work, 'redis-server'))
}

function privateAptFolders(work: string): string[] {
  const lists = join(work, 'apt', 'lists')
  const cache = join(work, 'apt', 'cache')
  mkdirSync(join(lists, 'partial'), { recursive: true })
  mkdirSync(join(cache, 'archives', 'partial'), { recursive: true })
  const settings = [
    `Dir::State::lists=${lists}`,
    `Dir::Cache=${cache}`,
    'Debug::NoLocking=1',
    'APT::Sandbox::User=',
  ]
  return ['-qq', ...settings.flatMap((setting) => ['-o', setting])]
}

function run(command: string, args: readonly string[], cwd: string): string {
  const ended = spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })
  if (ended.status === 0) return ended.stdout
  throw new Error(`${MISSING}. Fetching a private copy failed at "${command}": ${ended.stderr.slice(-800)}`)
}
