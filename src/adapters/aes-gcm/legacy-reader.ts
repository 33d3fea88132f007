import { createDecipheriv, pbkdf2 } from 'node:crypto'
import { bulkhead } from 'cockatiel'
import {
  CipherAuthenticationFailedError,
  CipherUnavailableError,
  CipherValueInvalidError,
} from '../../domain/errors.ts'
import type { ProviderName } from '../../domain/model/identifiers.ts'
import { Secret } from '../../domain/model/secret.ts'
import type { Instant } from '../../domain/model/time.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'

/** Until when, and with which keys, values of the earlier format are read. */
export interface LegacyReaderOptions {
  /** From then on, in milliseconds since 1970-01-01T00:00:00Z, nothing of the earlier format opens. */
  readonly until: Instant
  readonly clock: Clock
  readonly logger?: Logger | undefined
  /** Tried in order for the values of stored connections. */
  readonly keys?:
    | {
        readonly general?: readonly string[] | undefined
        readonly byProvider?: Readonly<Record<ProviderName, readonly string[]>> | undefined
      }
    | undefined
}

const ITERATIONS = 100_000
const KEY_BYTES = 32
const TAG_BYTES = 16
// Stretching runs on Node's four shared threads; two stay free for files, DNS and other keys.
const MAX_AT_ONCE = 2
const MAX_VALUE_LENGTH = 40_000

const FORM = /^(?<salt>[0-9a-f]{32}):(?<iv>[0-9a-f]{32}):(?<tag>[0-9a-f]{32}):(?<data>(?:[0-9a-f]{2})*)$/i

/**
 * Opens `salt:iv:tag:data` in hex: AES-256-GCM under PBKDF2 (SHA-256, 100,000 rounds) of the key, as values were stored
 * before this library's format. Such values are bound to no tenant, so rows could be swapped while they are read: it
 * is there for the time of a move only, ends by date, and counts and logs every value. Nothing is sealed this way.
 */
export class LegacyReader {
  readonly #options: LegacyReaderOptions
  readonly #slots = bulkhead(MAX_AT_ONCE, Number.POSITIVE_INFINITY)
  #reads = 0

  constructor(options: LegacyReaderOptions) {
    this.#options = options
  }

  /** How many values were opened. */
  get reads(): number {
    return this.#reads
  }

  /** Whether the value has the form of the earlier format. */
  recognizes(value: string): boolean {
    return hasEarlierFormat(value)
  }

  /** @throws CipherAuthenticationFailedError when no key opens it, CipherValueInvalidError after the end */
  open(value: string, provider: ProviderName): Promise<Secret> {
    const { general = [], byProvider } = this.#options.keys ?? {}
    const own = byProvider !== undefined && Object.hasOwn(byProvider, provider) ? byProvider[provider] : []
    return this.openWith(value, [...new Set([...(own ?? []), ...general])])
  }

  /** @throws CipherAuthenticationFailedError when no key opens it, CipherValueInvalidError after the end */
  async openWith(value: string, keys: readonly string[]): Promise<Secret> {
    const { clock, logger, until } = this.#options
    if (clock.now() >= until)
      throw new CipherValueInvalidError(
        'it has the earlier format, which is read no longer; set a later day until which it is',
      )
    const parts = FORM.exec(value)?.groups
    if (parts === undefined) throw new CipherValueInvalidError('it does not have the earlier format')
    for (const key of keys) {
      const text = await this.#slots.execute(() => tryKey(parts, key))
      if (text === undefined) continue
      this.#reads += 1
      logger?.log('warn', 'A value of the earlier format was read', { reads: this.#reads })
      return new Secret(text)
    }
    throw new CipherAuthenticationFailedError()
  }
}

/** Whether a value has the form that LegacyReader opens, be there a reader or none. */
export function hasEarlierFormat(value: string): boolean {
  return typeof value === 'string' && value.length <= MAX_VALUE_LENGTH && FORM.test(value)
}

async function tryKey(parts: Readonly<Record<string, string>>, key: string): Promise<string | undefined> {
  const [salt, iv, tag, data] = ['salt', 'iv', 'tag', 'data'].map((name) =>
    Buffer.from(parts[name] ?? '', 'hex'),
  )
  if (salt === undefined || iv === undefined || tag === undefined || data === undefined) return undefined
  const gcm = createDecipheriv('aes-256-gcm', await stretch(key, salt), iv, { authTagLength: TAG_BYTES })
  gcm.setAuthTag(tag)
  const plaintext = gcm.update(data)
  try {
    gcm.final()
  } catch {
    return undefined
  }
  return plaintext.toString('utf8')
}

function stretch(key: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    pbkdf2(key, salt, ITERATIONS, KEY_BYTES, 'sha256', (error, bytes) => {
      if (error === null) resolve(bytes)
      else reject(new CipherUnavailableError('a key of the earlier format could not be stretched'))
    })
  })
}
