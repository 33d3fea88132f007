import { mkdirSync, mkdtempSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { spawnOwned } from './owned-process.ts'
import type { OwnedProcess } from './owned-process.ts'
import { freePort } from './ports.ts'
import { redisBinary } from './redis-binary.ts'

/** What a caller may ask of the server. */
export interface RedisOptions {
  /** Starts an own server even where `REDIS_URL` names one: for tests that stop, pause or fill it. */
  readonly isDedicated?: boolean
  readonly port?: number
  /** Keeps an append-only file here; without it nothing is written. */
  readonly dataFolder?: string
  /** Further settings, as `{ requirepass: '…' }`. */
  readonly settings?: Readonly<Record<string, string>>
}

/** A Redis server to work with. */
export interface RunningRedis {
  readonly url: string
  readonly port: number
  /** Ends the server if we started it. */
  stop(): Promise<void>
  /** Ends it as a power cut would. */
  kill(): Promise<void>
  /** It accepts connections and answers nothing, until `resume`. */
  pause(): void
  resume(): void
}

/** `REDIS_URL` if it is set, else a server of our own on a free port of 127.0.0.1. */
export async function startRedis(options: RedisOptions = {}): Promise<RunningRedis> {
  const given = process.env['REDIS_URL']
  if (given !== undefined && given !== '' && options.isDedicated !== true) return givenRedis(given)
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort())
    const server = spawnServer(port, options)
    if (await answers(server, port)) return ownRedis(server, port)
    const isPortTaken = server.log().includes('Address already in use')
    if (attempt < 3 && isPortTaken && options.port === undefined) continue
    throw new Error(`Redis did not start:\n${server.log()}`)
  }
}

function ownRedis(server: OwnedProcess, port: number): RunningRedis {
  return {
    url: `redis://127.0.0.1:${String(port)}`,
    port,
    stop: () => server.end('SIGTERM'),
    kill: () => server.end('SIGKILL'),
    pause: () => {
      server.signal('SIGSTOP')
    },
    resume: () => {
      server.signal('SIGCONT')
    },
  }
}

function givenRedis(url: string): RunningRedis {
  const refuse = (): never => {
    throw new Error('this Redis server is not ours to disturb: ask for a dedicated one')
  }
  const port = Number(new URL(url).port || '6379')
  return {
    url,
    port,
    stop: () => Promise.resolve(),
    kill: () => Promise.resolve(),
    pause: refuse,
    resume: refuse,
  }
}

function spawnServer(port: number, options: RedisOptions): OwnedProcess {
  const { command, env } = redisBinary()
  const home = options.dataFolder ?? mkdtempSync(join(tmpdir(), 'integrations-redis-'))
  mkdirSync(home, { recursive: true })
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir: home,
    save: '',
    appendonly: options.dataFolder === undefined ? 'no' : 'yes',
    daemonize: 'no',
    ...options.settings,
  }
  return spawnOwned({
    command,
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    env,
    logFile: join(home, 'redis.log'),
    stopSignal: 'SIGTERM',
    temporaryFolder: options.dataFolder === undefined ? home : undefined,
  })
}

/** Any reply will do: with a password set, PING is refused by a server that is up. */
async function answers(server: OwnedProcess, port: number): Promise<boolean> {
  for (let turns = 0; turns < 400 && !server.hasExited(); turns += 1) {
    if (await replies(port)) return true
    await delay(25)
  }
  await server.end('SIGKILL')
  return false
}

function replies(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port, timeout: 1_000 })
    const finish = (isUp: boolean): void => {
      socket.destroy()
      resolve(isUp)
    }
    socket.once('connect', () => socket.write('PING\r\n'))
    socket.once('data', (reply) => {
      finish(!reply.toString().startsWith('-LOADING'))
    })
    socket.once('error', () => {
      finish(false)
    })
    socket.once('timeout', () => {
      finish(false)
    })
  })
}
