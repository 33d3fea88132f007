import { isLoopback } from '../../domain/model/loopback.ts'
import { z } from 'zod'

const text = z.string().min(1)
const positive = z.number().min(1)

const keys = z.strictObject({
  /** 32 random bytes in hex or base64, or any other text of 32 or more characters. */
  key: text,
  /** Keys that only open what they sealed before. */
  previousKeys: z.array(text).default([]),
})

const kms = z.strictObject({
  /** The wrapping key: an ARN, an id or an alias. */
  keyId: text,
  /** What is left out of the two, the AWS SDK finds in its usual places. */
  region: text.optional(),
  /** A service on loopback, for tests. */
  endpoint: z
    .url({ abort: true })
    .refine((url) => isLoopback(new URL(url).hostname), 'must be on a loopback address')
    .optional(),
  /** Names the application in the service's audit log; data keys of another application do not unwrap. */
  app: text,
  /** Which tenants share data keys. */
  partitioning: z.enum(['all', 'hash', 'tenant']).default('all'),
  limits: z
    .strictObject({
      softAgeMs: positive,
      hardAgeMs: positive,
      generationMs: positive,
      maxValues: positive,
      pollMs: positive,
      maxKeys: positive,
    })
    .partial()
    .optional(),
  /** Local keys seal on, and the service only opens: while not every process knows it yet, and on the way back. */
  opensOnly: z.boolean().default(false),
})

const legacyUntil = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], 'must be a date such as 2030-01-31')
  .transform((date) => Date.parse(date))

/** With `kms` the service seals, and local keys beside it only open what they sealed before. */
export const encryption = z
  .strictObject({
    kms: kms.optional(),
    key: text.optional(),
    previousKeys: keys.shape.previousKeys,
    /** Keys of a provider's own. */
    byProvider: z.record(text, keys).default({}),
    /** Also opens values of the format before this library's, until this day begins (UTC). */
    legacyUntil: legacyUntil.optional(),
  })
  .superRefine(({ byProvider, key, kms: service, legacyUntil: until, previousKeys }, context) => {
    const hasLocalKey = key !== undefined || Object.keys(byProvider).length > 0
    const refuse = (path: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message })
    }
    if (key === undefined && previousKeys.length > 0) refuse('previousKeys', 'need a current key as well')
    if (until !== undefined && !hasLocalKey) refuse('legacyUntil', 'needs the keys that sealed those values')
    if (service?.opensOnly === true && !hasLocalKey) refuse('kms.opensOnly', 'needs a key that seals')
  })
