import { chownSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { unprivilegedAccount } from './accounts.ts'
import { spawnOwned } from './owned-process.ts'
import type { OwnedProcess } from './owned-process.ts'
import { freePort } from './ports.ts'

/** A PgBouncer in front of one database. */
export interface RunningPgBouncer {
  /** The same database, reached through the pooler. */
  readonly url: string
  stop(): Promise<void>
}

/**
 * Debian's PgBouncer in transaction mode: consecutive transactions of one client may meet different server connections,
 * so whatever a session keeps is lost, or met by somebody else.
 */
export async function startPgBouncer(options: {
  readonly databaseUrl: string
  /** Connections to the server; few, so that clients truly share them. */
  readonly poolSize?: number
}): Promise<RunningPgBouncer> {
  const target = new URL(options.databaseUrl)
  const port = await freePort()
  const account = unprivilegedAccount()
  const folder = mkdtempSync(join(tmpdir(), 'integrations-pgbouncer-'))
  const settings = join(folder, 'pgbouncer.ini')
  writeFileSync(settings, settingsFor(target, port, options.poolSize ?? 4))
  if (account !== undefined) for (const path of [folder, settings]) chownSync(path, account.uid, account.gid)
  const server = spawnOwned({
    command: 'pgbouncer',
    args: [settings],
    env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/bin' },
    logFile: join(folder, 'pgbouncer.log'),
    stopSignal: 'SIGTERM',
    account,
    temporaryFolder: folder,
  })
  const url = new URL(target)
  url.host = `127.0.0.1:${String(port)}`
  await untilItAnswers(url.href, server)
  return { url: url.href, stop: () => server.end('SIGTERM') }
}

function settingsFor(target: URL, port: number, poolSize: number): string {
  const parts = [
    `host=${target.hostname}`,
    `port=${target.port || '5432'}`,
    `dbname=${decodeURIComponent(target.pathname.slice(1))}`,
    `user=${decodeURIComponent(target.username)}`,
    ...(target.password === '' ? [] : [`password=${decodeURIComponent(target.password)}`]),
  ]
  return [
    '[databases]',
    `* = ${parts.join(' ')}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${String(port)}`,
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = transaction',
    `default_pool_size = ${String(poolSize)}`,
    'max_client_conn = 500',
    // What pg sends when it connects and PgBouncer does not keep.
    'ignore_startup_parameters = extra_float_digits',
    '',
  ].join('\n')
}

async function untilItAnswers(url: string, server: OwnedProcess): Promise<void> {
  for (let turns = 0; turns < 200 && !server.hasExited(); turns += 1) {
    if (await answers(url)) return
    await delay(50)
  }
  await server.end('SIGKILL')
  throw new Error(`PgBouncer did not start:\n${server.log()}`)
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 1_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('SELECT 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}
