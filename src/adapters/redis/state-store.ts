import { asSealed } from '../../ports/cipher.ts'
import type { Sealed } from '../../ports/cipher.ts'
import { StateTakenError } from '../../ports/state-store.ts'
import type { StateKey, StateStore } from '../../ports/state-store.ts'
import { JoinedCalls } from './joined-calls.ts'
import { KEY_PREFIX } from './redis-commands.ts'
import type { JoinableOptions } from './redis-commands.ts'
import { RedisLink } from './redis-link.ts'

/**
 * States in Redis 6.2 or newer, alone or as a Cluster: each is one key, which Redis itself lets expire.
 * A Redis that is restored from a snapshot brings used states back: give the services a ConsumedStates as well.
 */
export class RedisStateStore implements StateStore {
  readonly #link: RedisLink
  readonly #joined: JoinedCalls
  readonly #prefix: string

  constructor(options: JoinableOptions) {
    this.#link = new RedisLink(options)
    this.#joined = options.joined ?? new JoinedCalls(options)
    this.#prefix = `${options.keyPrefix ?? KEY_PREFIX}state:`
  }

  async remember(key: StateKey, sealed: Sealed, ttlMs: number): Promise<void> {
    const name = this.#prefix + key
    const isNew = await this.#joined.ask({ remember: name, value: sealed, ttlMs })
    if (isNew === 1) return
    // A client that repeats a command whose answer was cut off finds its own first attempt.
    const kept = await this.#link.ask((client) => client.get(name))
    if (kept !== sealed) throw new StateTakenError()
  }

  async consume(key: StateKey): Promise<Sealed | undefined> {
    const kept = await this.#link.ask((client) => client.getdel(this.#prefix + key))
    return kept === null ? undefined : asSealed(kept)
  }
}
