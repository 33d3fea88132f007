import type { ProviderName } from '../domain/model/identifiers.ts'
import type { Sealed } from './cipher.ts'

/**
 * What names the key of a value: `c1.<suite>.<key reference>`, `legacy` for a value of the format before this
 * library's, `invalid` for what is no sealed value at all.
 */
export type KeyName = string

/** A key that is configured only to open what it sealed before. */
export interface RetiringKey {
  /** The variable that it comes from. */
  readonly variable: string
  readonly key: KeyName
}

/** Which keys there are and what they are for; the keys themselves are not in it. */
export interface KeyInventory {
  /** By its form alone, whatever is configured to open it. */
  keyOf(sealed: Sealed): KeyName

  /** Whether the value has the format before this library's and is read; asked at every read, so it costs next to nothing. */
  isLegacy(sealed: Sealed): boolean

  /** Whether new values of the provider are sealed under this key, so that nothing is gained by sealing them again. */
  isCurrent(key: KeyName, provider: ProviderName): Promise<boolean>

  /**
   * Which of these are data keys that were revoked or have no row, so that nothing under them opens any more.
   * @throws StoreUnavailableError
   */
  lost(keys: ReadonlySet<KeyName>): Promise<ReadonlySet<KeyName>>

  retiring(): Promise<readonly RetiringKey[]>
}
