import type { ConnectionKey } from '../../domain/model/identifiers.ts'
import type { TokenReading } from '../../ports/token-store.ts'
import { GroupedCalls } from './grouped-calls.ts'
import type { PreparedStatement } from './postgres-pool.ts'
import { keyLists, keyValues, parseReading, parseReadings, readsFor } from './token-reading.ts'
import type { PartitionReads } from './token-reading.ts'

/** Sends one statement and gives the one value that it answers. */
export type AskReading = (statement: PreparedStatement, values: string[]) => Promise<string | null>

type PartitionCalls = GroupedCalls<ConnectionKey, TokenReading | null>

const MAX_READS_PER_GROUP = 64

/** Hot reads that are asked at about the same time, as one statement for each partition. */
export class GroupedReads {
  readonly #ask: AskReading
  readonly #maxGroups: number
  readonly #partitions = new Map<PartitionReads, PartitionCalls>()

  constructor(ask: AskReading, maxGroups: number) {
    this.#ask = ask
    this.#maxGroups = maxGroups
  }

  /** `null`: there is no such connection of this tenant. */
  read(key: ConnectionKey): Promise<TokenReading | null> {
    const reads = readsFor(key.provider)
    const known = this.#partitions.get(reads)
    if (known !== undefined) return known.call(key)
    const limits = { maxCalls: MAX_READS_PER_GROUP, maxGroups: this.#maxGroups }
    const calls: PartitionCalls = new GroupedCalls((keys) => this.#readGroup(reads, keys), limits)
    this.#partitions.set(reads, calls)
    return calls.call(key)
  }

  async #readGroup(
    reads: PartitionReads,
    keys: readonly ConnectionKey[],
  ): Promise<readonly (TokenReading | null)[]> {
    const [only] = keys
    if (only !== undefined && keys.length === 1) {
      return [parseReading(await this.#ask(reads.one, keyValues(only)))]
    }
    return parseReadings(await this.#ask(reads.many, keyLists(keys)), keys.length)
  }
}
