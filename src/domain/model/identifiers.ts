import { ConfigInvalidError, TenantInvalidError } from '../errors.ts'

declare const tenantBrand: unique symbol

/**
 * One customer of the host: the boundary that nothing crosses. Any well-formed text of 1 to 255 characters without
 * control characters; compared byte for byte, never normalised, so look-alikes are different tenants.
 */
export type TenantId = string & { readonly [tenantBrand]: true }

/** A platform: `meta`, `google_ads`, `tiktok`, `klaviyo`, or the name of a definition of the host's own. */
export type ProviderName = string

/** The four platforms that come with the library. */
export type IntegrationProvider = 'meta' | 'google_ads' | 'tiktok' | 'klaviyo'

export const INTEGRATION_PROVIDERS: readonly IntegrationProvider[] = [
  'meta',
  'google_ads',
  'tiktok',
  'klaviyo',
]

/** Tells apart several connections of one tenant to one provider; `default` when none is given. */
export type ConnectionLabel = string

/** The label of a connection that was given none. */
export const DEFAULT_LABEL: ConnectionLabel = 'default'

/** What names a connection: at most one exists for each key. */
export interface ConnectionKey {
  readonly tenantId: TenantId
  readonly provider: ProviderName
  readonly label: ConnectionLabel
}

const MAX_ID_LENGTH = 255

/** @throws TenantInvalidError when `value` is no tenant id; the message never repeats the value. */
export function parseTenantId(value: unknown): TenantId {
  if (!isPlainText(value)) throw new TenantInvalidError()
  return brand(value)
}

/** @throws ConfigInvalidError when `value` is no label (the same rule as for a tenant id). */
export function parseLabel(value: unknown): ConnectionLabel {
  if (value === undefined) return DEFAULT_LABEL
  if (!isPlainText(value)) throw new ConfigInvalidError(['label: must be text of 1 to 255 characters'])
  return value
}

/** Whether `value` can name a provider: lower-case letters, digits and underscores, as a column value and a URL part. */
export function isProviderName(value: unknown): value is ProviderName {
  return typeof value === 'string' && /^[a-z][a-z0-9_]{0,62}$/.test(value)
}

/** An unambiguous text for maps and single flight: lengths keep `a:b` + `c` and `a` + `b:c` apart. */
export function connectionKeyText(key: ConnectionKey): string {
  return `${key.provider}:${key.tenantId.length}:${key.tenantId}:${key.label}`
}

function isPlainText(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= MAX_ID_LENGTH &&
    isWellFormed(value) &&
    !/[\u0000-\u001f\u007f-\u009f]/.test(value)
  )
}

/** A lone surrogate would be encoded as U+FFFD, so that two different ids collided. */
export function isWellFormed(text: string): boolean {
  return !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text)
}

function brand(value: string): TenantId {
  return value as TenantId
}
