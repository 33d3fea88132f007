import { isIntegrationError } from '../../domain/errors.ts'
import type { IntegrationError } from '../../domain/errors.ts'
import { candidateContext, connectionContext } from '../../domain/services/sealing.ts'
import type { Cipher, SealContext, Sealed } from '../../ports/cipher.ts'
import type { KeyInventory, KeyName } from '../../ports/key-inventory.ts'
import type { SealedCandidate } from '../../ports/refresh-leases.ts'
import type { SealedRow, SealedSecrets } from '../../ports/sealed-values.ts'

export interface ResealDependencies {
  readonly cipher: Cipher
  readonly keys: KeyInventory
  /** A data key whose values are sealed again as well, though it is good. */
  readonly from?: KeyName | undefined
  /** Opens every value, to find out whether it can be, and seals none. */
  readonly isDry?: boolean | undefined
  /** Data keys that are gone for good: what is under them is opened, current or not, for the error that says why. */
  readonly lost?: ReadonlySet<KeyName> | undefined
}

/** A stored value and what became of it. */
export interface ValueOutcome {
  readonly before: KeyName
  /** The key it is sealed under once the row is replaced; `undefined` when it would be sealed again and was not. */
  readonly after: KeyName | undefined
  readonly field: string
  /** Why it cannot be opened; it stays as it is. */
  readonly problem?: IntegrationError | undefined
}

export interface ResealedRow {
  readonly secrets: SealedSecrets
  readonly values: readonly ValueOutcome[]
}

/** No key opens these, now or later: the rest of the rotation need not wait for them. */
const UNREADABLE = new Set(['cipher_value_invalid', 'cipher_key_unknown', 'cipher_authentication_failed'])

/**
 * Seals again what of a row is not under a current key, for exactly what it was sealed for.
 * @throws CipherUnavailableError when a key cannot be had now
 */
export async function resealRow(deps: ResealDependencies, row: SealedRow): Promise<ResealedRow> {
  const values: ValueOutcome[] = []
  const again = async <Value extends Sealed | undefined>(
    sealed: Value,
    field: string,
    context: SealContext,
  ): Promise<Value | Sealed> => {
    if (sealed === undefined) return sealed
    const { resealed, ...outcome } = await resealValue(deps, sealed, context)
    values.push({ ...outcome, field })
    return resealed
  }
  const { tokenVersion } = row
  const { accessToken, refreshToken, previousRefreshToken } = row.secrets
  const candidates: SealedCandidate[] = []
  for (const candidate of row.secrets.candidates) {
    const { id, parentVersion } = candidate
    const ofAccess = candidateContext(row, parentVersion, 'access_token')
    const ofRefresh = candidateContext(row, parentVersion, 'refresh_token')
    const access = await again(candidate.accessToken, 'candidate_access_token', ofAccess)
    const refresh = await again(candidate.refreshToken, 'candidate_refresh_token', ofRefresh)
    candidates.push({
      ...{ id, parentVersion, accessToken: access },
      ...(refresh === undefined ? {} : { refreshToken: refresh }),
    })
  }
  const context = (field: 'access_token' | 'refresh_token' | 'previous_refresh_token'): SealContext =>
    connectionContext(row, tokenVersion, field)
  const secrets = {
    accessToken: await again(accessToken, 'access_token', context('access_token')),
    refreshToken: await again(refreshToken, 'refresh_token', context('refresh_token')),
    previousRefreshToken: await again(
      previousRefreshToken,
      'previous_refresh_token',
      context('previous_refresh_token'),
    ),
    candidates,
  }
  return { secrets, values }
}

/** Every sealed value of a row, whatever its field. */
export function sealedIn({ candidates, ...tokens }: SealedSecrets): readonly Sealed[] {
  const { accessToken, previousRefreshToken, refreshToken } = tokens
  const ofCandidates = candidates.flatMap((one) => [one.accessToken, one.refreshToken])
  return [accessToken, refreshToken, previousRefreshToken, ...ofCandidates].filter((one) => one !== undefined)
}

async function resealValue(
  { cipher, from, isDry = false, keys, lost }: ResealDependencies,
  sealed: Sealed,
  context: SealContext,
): Promise<{
  readonly resealed: Sealed
  readonly before: KeyName
  readonly after: KeyName | undefined
  readonly problem?: IntegrationError | undefined
}> {
  const before = keys.keyOf(sealed)
  const kept = { resealed: sealed, before, after: before }
  const isKept = before !== from && (await keys.isCurrent(before, context.provider))
  if (isKept && !isDry && lost?.has(before) !== true) return kept
  try {
    const secret = await cipher.open(sealed, context)
    if (isKept) return kept
    if (isDry) return { ...kept, after: undefined }
    const resealed = await cipher.seal(secret, context)
    return { resealed, before, after: keys.keyOf(resealed) }
  } catch (error) {
    if (!isIntegrationError(error) || !UNREADABLE.has(error.code)) throw error
    return { ...kept, problem: error }
  }
}
