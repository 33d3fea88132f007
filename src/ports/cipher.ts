import type { ProviderName, TenantId } from '../domain/model/identifiers.ts'
import type { Secret } from '../domain/model/secret.ts'

declare const sealedBrand: unique symbol

/** A sealed value: `c1.<suite>.<key reference>.<body>`, ASCII, safe in a text column. */
export type Sealed = string & { readonly [sealedBrand]: true }

/** The one door through which text from a store becomes a sealed value; `open` is what judges it. */
export function asSealed(text: string): Sealed {
  return text as Sealed
}

/** Which secret of a row a value is. */
export type SecretField = 'access_token' | 'refresh_token' | 'previous_refresh_token'

/**
 * What a value is sealed for. It is authenticated with the value and must be equal, part for part, when it is opened:
 * a value moved to another tenant, connection, grant, version or field does not open.
 */
export type SealContext =
  | {
      readonly purpose: 'connection'
      readonly tenantId: TenantId
      readonly provider: ProviderName
      readonly connectionId: string
      readonly grantId: string
      readonly tokenVersion: number
      readonly field: SecretField
    }
  | {
      /** A refresh result that lost the race to be stored: kept until it is known to be of no use. */
      readonly purpose: 'candidate'
      readonly tenantId: TenantId
      readonly provider: ProviderName
      readonly connectionId: string
      readonly grantId: string
      readonly parentVersion: number
      readonly field: SecretField
    }
  | { readonly purpose: 'state'; readonly provider: ProviderName; readonly stateHash: string }

/**
 * Authenticated encryption with associated data.
 * Every adapter passes `cipherContract`. No plaintext is given out before its tag is checked.
 */
export interface Cipher {
  /**
   * Makes ready the key that `seal` and `open` need for this context, so that nothing is asked of a provider while the
   * answer could not be kept.
   * @throws CipherUnavailableError when the key cannot be had now
   */
  prepare(context: SealContext): Promise<void>

  /** Two calls with the same text never give the same value. @throws CipherUnavailableError */
  seal(plaintext: Secret, context: SealContext): Promise<Sealed>

  /**
   * @throws CipherValueInvalidError when the text is not a sealed value (plaintext is never passed through)
   * @throws CipherKeyUnknownError when its key is not configured, was revoked or is damaged
   * @throws CipherAuthenticationFailedError when it was altered or sealed for another context
   * @throws CipherUnavailableError when its key cannot be had now; MigrationConflictError when keys are kept in a database
   * that is not migrated, as may `prepare` and `seal`
   */
  open(sealed: Sealed, context: SealContext): Promise<Secret>
}
