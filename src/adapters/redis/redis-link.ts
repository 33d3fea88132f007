import { StoreUnavailableError } from '../../domain/errors.ts'
import { ANSWER_TIMEOUT_MS } from './redis-commands.ts'
import type { RedisCommands, RedisOptions } from './redis-commands.ts'

const UNREACHED = 'check that it runs and that its URL is right, or call again later'

/**
 * Asks a client and always answers in time: a client of the host may queue commands without end, ours refuses them
 * until its connection is ready. Whatever goes wrong is a StoreUnavailableError; the client's own errors carry the
 * command with its arguments and go no further.
 */
export class RedisLink {
  readonly #client: RedisCommands
  readonly #timeoutMs: number
  #opening: Promise<void> | undefined

  constructor(options: RedisOptions) {
    this.#client = options.client
    this.#timeoutMs = options.timeoutMs ?? ANSWER_TIMEOUT_MS
  }

  /** `send` is called within this very call when the client is ready, so that commands of one tick travel together. */
  ask<T>(send: (client: RedisCommands) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let isLate = false
      const timer = setTimeout(() => {
        isLate = true
        reject(new StoreUnavailableError('Redis', `it did not answer in time; ${UNREACHED}`))
      }, this.#timeoutMs)
      this.#send(send, () => isLate).then(
        (answer) => {
          clearTimeout(timer)
          resolve(answer)
        },
        (error: unknown) => {
          clearTimeout(timer)
          reject(toUnavailable(error))
        },
      )
    })
  }

  async #send<T>(send: (client: RedisCommands) => Promise<T>, isLate: () => boolean): Promise<T> {
    if (this.#isOpening()) {
      this.#opening ??= this.#attemptSettled()
      await this.#opening
      // Whoever asked has been told that it failed: nothing may happen behind their back.
      if (isLate()) throw new StoreUnavailableError('Redis')
    }
    return send(this.#client)
  }

  #isOpening(): boolean {
    const { status } = this.#client
    return status === 'connecting' || status === 'connect'
  }

  #attemptSettled(): Promise<void> {
    const events = ['ready', 'close', 'end'] as const
    return new Promise((resolve) => {
      const settle = (): void => {
        for (const event of events) this.#client.off(event, settle)
        this.#opening = undefined
        resolve()
      }
      for (const event of events) this.#client.on(event, settle)
    })
  }
}

/** The error that a caller sees: the code alone, where the client or server gave one. */
export function toUnavailable(error: unknown): StoreUnavailableError {
  const message = error instanceof Error ? error.message : ''
  if (/^ERR unknown command/i.test(message)) {
    return new StoreUnavailableError('Redis', 'it must be version 6.2 or newer')
  }
  // The first word of an error reply is its code; the rest may repeat keys and values.
  const code = /^[A-Z]{3,20}(?= )/.exec(message)?.[0]
  if (code === undefined) return new StoreUnavailableError('Redis', UNREACHED)
  return ['NOAUTH', 'WRONGPASS', 'NOPERM'].includes(code)
    ? new StoreUnavailableError('Redis', `it answered ${code}; check the credentials it is reached with`)
    : new StoreUnavailableError('Redis', `it answered ${code}; call again later`)
}
