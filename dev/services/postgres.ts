import { spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { runsAs, unprivilegedAccount } from './accounts.ts'
import { sharedCacheFolder } from './cache-folder.ts'
import { spawnOwned } from './owned-process.ts'
import type { Account, OwnedProcess } from './owned-process.ts'
import { freePort } from './ports.ts'
import { postgresBinaries } from './postgres-binaries.ts'
import { forgetDeadServer } from './postgres-lock.ts'

/** What a caller may ask of the server. */
export interface PostgresOptions {
  /** Keeps the data here from run to run. Without it the data lives as long as the server. */
  readonly dataFolder?: string
  /** Starts an own server even where `DATABASE_URL` names one: for tests that stop it. */
  readonly isDedicated?: boolean
  readonly port?: number
  /** Further settings, as `{ log_statement: 'all' }`. */
  readonly settings?: Readonly<Record<string, string>>
}

/** A Postgres server to work with. */
export interface RunningPostgres {
  readonly url: string
  /** Where the data is; absent when the server was there before us. */
  readonly dataFolder?: string
  /** Ends the server if we started it. */
  stop(): Promise<void>
  /** Ends it as a power cut would. */
  kill(): Promise<void>
}

const TEST_SETTINGS = { full_page_writes: 'off', synchronous_commit: 'off', max_connections: '200' }
const KEPT_SETTINGS = { max_connections: '100' }

/** `DATABASE_URL` if it is set, else the real server that npm installed, on a free port of 127.0.0.1. */
export async function startPostgres(options: PostgresOptions = {}): Promise<RunningPostgres> {
  const given = process.env['DATABASE_URL']
  if (given !== undefined && given !== '' && options.isDedicated !== true) {
    return { url: given, stop: () => Promise.resolve(), kill: () => Promise.resolve() }
  }
  const account = unprivilegedAccount()
  const binaries = postgresBinaries(account)
  const home = openHome(options.dataFolder, account)
  const data = join(home, 'data')
  if (!existsSync(join(data, 'PG_VERSION'))) initialise(binaries, data, account)
  await forgetDeadServer(data)
  const server = await launch({ binaries, home, account, options })
  const end = async (signal: NodeJS.Signals): Promise<void> => server.process.end(signal)
  return {
    url: `postgres://postgres@127.0.0.1:${String(server.port)}/postgres`,
    dataFolder: home,
    stop: () => end('SIGINT'),
    kill: () => end('SIGKILL'),
  }
}

interface Launch {
  readonly binaries: string
  readonly home: string
  readonly account: Account | undefined
  readonly options: PostgresOptions
}

async function launch(start: Launch): Promise<{ process: OwnedProcess; port: number }> {
  const { options } = start
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort())
    const server = spawnServer(start, port)
    if (await isReady(server, port)) return { process: server, port }
    const isPortTaken = server.log().includes('could not bind')
    if (attempt < 3 && isPortTaken && options.port === undefined) continue
    throw new Error(`Postgres did not start:\n${server.log()}`)
  }
}

function spawnServer({ binaries, home, account, options }: Launch, port: number): OwnedProcess {
  const isKept = options.dataFolder !== undefined
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    ...(isKept ? KEPT_SETTINGS : TEST_SETTINGS),
    ...options.settings,
  }
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return spawnOwned({
    command: join(binaries, 'bin', 'postgres'),
    args: ['-D', join(home, 'data'), ...(isKept ? [] : ['-F']), ...args],
    env: serverEnvironment(home),
    logFile: join(home, 'postgres.log'),
    stopSignal: 'SIGINT',
    account,
    temporaryFolder: isKept ? undefined : home,
  })
}

async function isReady(server: OwnedProcess, port: number): Promise<boolean> {
  for (let turns = 0; turns < 600 && !server.hasExited(); turns += 1) {
    const client = new Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return true
    } catch {
      await delay(50)
    } finally {
      await client.end().catch(() => undefined)
    }
  }
  await server.end('SIGQUIT')
  return false
}

function initialise(binaries: string, data: string, account: Account | undefined): void {
  // Under another name until it is whole: an interrupted start must not leave half a database behind.
  const unfinished = `${data}.new`
  rmSync(unfinished, { recursive: true, force: true })
  const args = ['-D', unfinished, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  const made = spawnSync(join(binaries, 'bin', 'initdb'), args, {
    encoding: 'utf8',
    cwd: '/',
    env: serverEnvironment(data),
    ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
  })
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}${made.error?.message ?? ''}`)
  renameSync(unfinished, data)
}

/** Nothing of ours: a PGPORT or PGDATA of the developer's shell would change what the server does. */
function serverEnvironment(home: string): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: home, LC_ALL: 'C', TZ: 'UTC' }
}

function openHome(wanted: string | undefined, account: Account | undefined): string {
  const home = wanted === undefined ? temporaryHome(account) : keptHome(wanted, account)
  if (account !== undefined) chownSync(home, account.uid, account.gid)
  return home
}

function temporaryHome(account: Account | undefined): string {
  const isReachable = account === undefined || runsAs(account, 'test', ['-x', tmpdir()])
  return mkdtempSync(join(isReachable ? tmpdir() : sharedCacheFolder(), 'integrations-postgres-'))
}

/** The wanted folder, or a lasting one outside when the account that runs the server cannot reach it. */
function keptHome(folder: string, account: Account | undefined): string {
  const wanted = resolve(folder)
  mkdirSync(wanted, { recursive: true })
  if (account === undefined || runsAs(account, 'test', ['-x', dirname(wanted)])) return wanted
  const name = createHash('sha256').update(wanted).digest('hex').slice(0, 16)
  const outside = join(sharedCacheFolder(), `data-${name}`)
  mkdirSync(outside, { recursive: true })
  return outside
}
