import { ConfigInvalidError } from '../../domain/errors.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../domain/model/time.ts'

/** How long and how often data keys are used. */
export interface DataKeyLimits {
  /** After it a key is unwrapped anew behind its users' backs. */
  readonly softAgeMs: number
  /** After it a key that could not be unwrapped anew is forgotten: how long a disabled KMS key still serves. */
  readonly hardAgeMs: number
  /** How long a key seals before the next one does. */
  readonly generationMs: number
  /** How many values a process seals under one key before it makes the next. */
  readonly maxValues: number
  /** How often revocations are looked for. */
  readonly pollMs: number
  /** How many unwrapped keys are kept. */
  readonly maxKeys: number
}

const DEFAULTS: DataKeyLimits = {
  softAgeMs: HOUR_MS,
  hardAgeMs: DAY_MS,
  generationMs: DAY_MS,
  // Half of what random nonces allow under one key (NIST SP 800-38D §8.3).
  maxValues: 2 ** 31,
  pollMs: MINUTE_MS,
  maxKeys: 10_000,
}

/** @throws ConfigInvalidError naming every limit that is no positive number, or a soft age beyond the hard one */
export function dataKeyLimits(given: Partial<DataKeyLimits> = {}): DataKeyLimits {
  const limits = { ...DEFAULTS, ...given }
  const problems = Object.entries(limits)
    .filter(([, value]) => !Number.isFinite(value) || value < 1)
    .map(([name]) => `kms.limits.${name}: must be a positive number`)
  if (limits.softAgeMs > limits.hardAgeMs) problems.push('kms.limits.softAgeMs: must not exceed hardAgeMs')
  if (problems.length > 0) throw new ConfigInvalidError(problems)
  return limits
}
