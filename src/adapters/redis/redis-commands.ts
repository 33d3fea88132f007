/** What is asked of a Redis client: ioredis's `Redis` and `Cluster` are such clients. */
export interface RedisCommands {
  /** `connecting` and `connect` while a connection is made, `ready` once commands are taken. */
  readonly status: string
  on(event: 'ready' | 'close' | 'end', listener: () => void): unknown
  off(event: 'ready' | 'close' | 'end', listener: () => void): unknown

  set(key: string, value: string, unit: 'PX', milliseconds: number, condition: 'NX'): Promise<'OK' | null>
  get(key: string): Promise<string | null>
  getdel(key: string): Promise<string | null>
  evalsha(sha1: string, keyCount: number, ...keysAndArguments: (string | number)[]): Promise<unknown>
  eval(script: string, keyCount: number, ...keysAndArguments: (string | number)[]): Promise<unknown>
}

/** What the adapters over one Redis have in common. */
export interface RedisOptions {
  readonly client: RedisCommands
  /** Begins every key. */
  readonly keyPrefix?: string | undefined
  /** How long an answer is waited for, whatever the client itself would do. */
  readonly timeoutMs?: number | undefined
}

export const KEY_PREFIX = 'cgk:int:'

export const ANSWER_TIMEOUT_MS = 700
