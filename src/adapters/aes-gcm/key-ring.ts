import { ConfigInvalidError } from '../../domain/errors.ts'
import type { Logger } from '../../ports/logger.ts'
import { assessEncryptionKey, extractKey, keyProblem } from './key-material.ts'
import { RingKey } from './ring-key.ts'
import type { KeyReference } from './sealed-format.ts'

/** One key that seals, and those that only open. */
export interface KeyRingOptions {
  /** The variable that the primary key comes from: what errors and warnings call it. */
  readonly name: string
  /** Seals and opens: 32 random bytes in hex or base64, or any other text of 32 or more characters. */
  readonly primary: string
  /** Only open. */
  readonly previous?: readonly string[] | undefined
  readonly logger?: Logger | undefined
}

export interface LoadedRing {
  readonly primary: RingKey
  find(reference: KeyReference): RingKey | undefined
  /** The primary first. */
  readonly keys: readonly RingKey[]
}

interface NamedKey {
  readonly name: string
  readonly key: string
}

/** The local keys of one purpose. Each is derived once, when the ring is first needed. */
export class KeyRing {
  readonly name: string
  readonly #logger: Logger | undefined
  #unloaded: readonly NamedKey[]
  #loaded: LoadedRing | undefined
  #loading: Promise<LoadedRing> | undefined

  /** @throws ConfigInvalidError naming every key that is too short, and no character of it */
  constructor({ name, primary, previous = [], logger }: KeyRingOptions) {
    this.name = name
    this.#logger = logger
    const earlier = previous.map((key, index) => ({ name: `${name}_PREVIOUS[${index}]`, key }))
    this.#unloaded = [{ name, key: primary }, ...earlier]
    const problems = this.#unloaded.flatMap((one) => keyProblem(one.name, one.key) ?? [])
    if (problems.length > 0) throw new ConfigInvalidError(problems)
  }

  /** The ring if its keys are derived already: what spares the warm path a wait. */
  get loaded(): LoadedRing | undefined {
    return this.#loaded
  }

  /** Derives the keys unless that is done; concurrent callers wait for the same. @throws CipherUnavailableError */
  ready(): Promise<LoadedRing> {
    if (this.#loaded !== undefined) return Promise.resolve(this.#loaded)
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  async #load(): Promise<LoadedRing> {
    const keys: RingKey[] = []
    // One after the other: stretching a passphrase takes 32 MiB while it runs.
    for (const { name, key } of this.#unloaded) keys.push(new RingKey(await extractKey(name, key)))
    const [primary] = keys
    if (primary === undefined) throw new ConfigInvalidError(['a key ring: has no key'])
    for (const one of this.#unloaded) this.#warnOf(one)
    const byReference = new Map(keys.map((key) => [key.reference, key]))
    this.#loaded = { primary, keys, find: (reference) => byReference.get(reference) }
    this.#unloaded = []
    return this.#loaded
  }

  #warnOf({ name, key }: NamedKey): void {
    const quality = assessEncryptionKey(key)
    if (quality === 'random') return
    const message =
      quality === 'weak'
        ? 'An encryption key repeats itself and can be guessed; replace it by one of integrations keygen'
        : 'An encryption key is a passphrase, not 32 random bytes; replace it by one of integrations keygen'
    this.#logger?.log('warn', message, { key: name })
  }
}
