import type { JoinedCalls } from './joined-calls.ts'

/** What is asked of a Redis client: ioredis's `Redis` and `Cluster` are such clients. */
export interface RedisCommands {
  /** `connecting` and `connect` while a connection is made, `ready` once commands are taken. */
  readonly status: string
  /** Whether keys lie on several nodes, so that one command cannot be about any two of them. */
  readonly isCluster?: boolean | undefined
  on(event: 'ready' | 'close' | 'end', listener: () => void): unknown
  off(event: 'ready' | 'close' | 'end', listener: () => void): unknown

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

/** What is counted and what is remembered within one tick travels together where both go over the same calls. */
export interface JoinableOptions extends RedisOptions {
  readonly joined?: JoinedCalls | undefined
}

export const KEY_PREFIX = 'cgk:int:'

export const ANSWER_TIMEOUT_MS = 700
