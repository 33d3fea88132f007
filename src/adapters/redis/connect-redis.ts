import { Cluster, Redis } from 'ioredis'
import { ConfigInvalidError } from '../../domain/errors.ts'
import type { Logger } from '../../ports/logger.ts'
import { ANSWER_TIMEOUT_MS } from './redis-commands.ts'

/** How long Redis is waited for, and where trouble with it is told. */
export interface ConnectRedisOptions {
  /** How long a command may take; after it the caller has an error. */
  readonly timeoutMs?: number | undefined
  /** Hears once of each time that Redis is lost and found again. */
  readonly logger?: Logger | undefined
}

/**
 * Makes an ioredis client that fails fast: no queue while Redis is away, no command sent twice, a limit on every
 * answer, and a dead connection replaced. A list of URLs names nodes of a Redis Cluster. It connects at once and in
 * the background; a Redis that is down shows when it is asked. Whoever calls this disconnects it.
 * @throws ConfigInvalidError when a URL is none of Redis, or its password is not percent-encoded
 */
export function connectRedis(url: string, options?: ConnectRedisOptions): Redis
export function connectRedis(urls: readonly string[], options?: ConnectRedisOptions): Cluster
export function connectRedis(
  target: string | readonly string[],
  options: ConnectRedisOptions = {},
): Redis | Cluster {
  const timeoutMs = options.timeoutMs ?? ANSWER_TIMEOUT_MS
  const urls = (typeof target === 'string' ? [target] : target).map(parse)
  const [first] = urls
  if (first === undefined) throw new ConfigInvalidError(['REDIS_URL: no node of the Redis Cluster is named'])
  const client =
    typeof target === 'string'
      ? new Redis({ ...addressOf(first), ...credentialsOf(first), db: databaseOf(first), ...safe(timeoutMs) })
      : new Cluster(urls.map(addressOf), clusterOptions(first, timeoutMs))
  listen(client, options.logger)
  return client
}

function safe(timeoutMs: number) {
  return {
    commandTimeout: timeoutMs,
    connectTimeout: 2 * timeoutMs,
    // A connection that answers nothing, as after a failover, would be kept for a quarter of an hour.
    socketTimeout: 2 * timeoutMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 1,
    retryStrategy: reconnectInMs,
  }
}

function clusterOptions(first: URL, timeoutMs: number) {
  const { enableOfflineQueue, retryStrategy: _own, ...node } = safe(timeoutMs)
  return {
    enableOfflineQueue,
    slotsRefreshTimeout: timeoutMs,
    clusterRetryStrategy: reconnectInMs,
    redisOptions: { ...node, ...credentialsOf(first) },
    // Certificates are issued to names; looked up by Node they stay names.
    ...(first.protocol === 'rediss:' ? { dnsLookup: keepName } : {}),
  }
}

/** Long waits would be felt by whoever asks when Redis is back; several processes must not come back as one. */
function reconnectInMs(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt, 5), 1_000) * (0.5 + Math.random() / 2)
}

function keepName(name: string, done: (error: null, address: string) => void): void {
  done(null, name)
}

function parse(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '') {
    throw new ConfigInvalidError(['REDIS_URL: must be a URL such as redis://host:6379 or rediss://host:6379'])
  }
  return url
}

function addressOf(url: URL): { host: string; port: number } {
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 6_379 : Number(url.port) }
}

function credentialsOf(url: URL) {
  return {
    ...(url.username === '' ? {} : { username: decoded(url.username) }),
    ...(url.password === '' ? {} : { password: decoded(url.password) }),
    ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
  }
}

/** A name or password may hold a percent sign that encodes nothing; the engine's own error would not say where. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new ConfigInvalidError(['REDIS_URL: a % in its user or password must be written as %25'])
  }
}

function databaseOf(url: URL): number {
  return /^\/\d{1,4}$/.test(url.pathname) ? Number(url.pathname.slice(1)) : 0
}

/** Without a listener the process would end with the first lost connection. */
function listen(client: Redis | Cluster, logger: Logger | undefined): void {
  let isLost = false
  client.on('error', (error: unknown) => {
    if (isLost) return
    isLost = true
    logger?.log('warn', 'Redis cannot be reached', { reason: reasonOf(error) })
  })
  client.on('ready', () => {
    if (isLost) logger?.log('info', 'Redis is reached again')
    isLost = false
  })
}

/** The system's or the server's code; messages name addresses and repeat commands. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return code ?? /^[A-Z]{3,20}(?= )/.exec(error.message)?.[0] ?? error.name
}
