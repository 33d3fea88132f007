import { randomUUID } from 'node:crypto'
import { AesGcmCipher, KeyRing, LocalKeyInventory } from '../../src/adapters/aes-gcm/index.ts'
import type { AesGcmCipherOptions } from '../../src/adapters/aes-gcm/index.ts'
import { MemoryDatabase } from '../../src/adapters/memory/memory-database.ts'
import { MemoryPendingRevocations } from '../../src/adapters/memory/pending-revocations.ts'
import { MemoryRefreshLeases } from '../../src/adapters/memory/refresh-leases.ts'
import { MemorySealedValues } from '../../src/adapters/memory/sealed-values.ts'
import { MemoryTokenStore } from '../../src/adapters/memory/token-store.ts'
import { RotateKeys } from '../../src/application/use-cases/rotate-keys.ts'
import { parseTenantId } from '../../src/domain/model/identifiers.ts'
import type { TenantId } from '../../src/domain/model/identifiers.ts'
import { Secret } from '../../src/domain/model/secret.ts'
import { candidateContext, connectionContext } from '../../src/domain/services/sealing.ts'
import type { Cipher, SecretField } from '../../src/ports/cipher.ts'
import type { KeyInventory } from '../../src/ports/key-inventory.ts'
import type { SealedRow, SealedValues } from '../../src/ports/sealed-values.ts'
import { claimRequest, newGrant, refreshedTokens } from '../../src/testing/contracts/connection-fixtures.ts'
import { FixedClock } from '../../src/testing/fixed-clock.ts'

export interface Keys {
  readonly cipher: Cipher
  readonly keys: KeyInventory
}

/** A ring with `primary` and keys that only open, as a process of the host has it. */
export function ringKeys(
  primary: string,
  previous: readonly string[] = [],
  legacy?: AesGcmCipherOptions['legacy'],
): Keys {
  const rings = { general: new KeyRing({ name: 'TEST_KEY', primary, previous }) }
  return { cipher: new AesGcmCipher({ rings, legacy }), keys: new LocalKeyInventory({ rings, legacy }) }
}

/** Stores in memory with connections whose secrets are really sealed. */
export class SealedWorld {
  readonly clock = new FixedClock()
  readonly #database = new MemoryDatabase({ clock: this.clock })
  readonly tokens = new MemoryTokenStore(this.#database)
  readonly leases = new MemoryRefreshLeases(this.#database)
  readonly revocations = new MemoryPendingRevocations(this.#database)
  readonly sealedValues = new MemorySealedValues(this.#database)

  rotation(keys: Keys, sealedValues: SealedValues = this.sealedValues): RotateKeys {
    return new RotateKeys({ ...keys, sealedValues, clock: this.clock })
  }

  async connect(cipher: Cipher, name: string): Promise<TenantId> {
    const tenantId = parseTenantId(name)
    const grant = newGrant({ tenantId, connectionId: randomUUID() })
    const seal = (field: SecretField) =>
      cipher.seal(new Secret(`${field} of ${name}`), connectionContext(grant, 1, field))
    const tokens = { accessToken: await seal('access_token'), refreshToken: await seal('refresh_token') }
    await this.tokens.save({ ...grant, tokens })
    return tenantId
  }

  /** A refresh like any: it seals under the primary of whoever runs it, and keeps what lost the race. */
  async refresh(cipher: Cipher, tenantId: TenantId): Promise<void> {
    const key = { tenantId, provider: 'meta', label: 'default' }
    const { tokenVersion = 0 } = (await this.tokens.read(key)) ?? {}
    const lease = await this.leases.claim(key, tokenVersion, claimRequest())
    if (lease === undefined || 'reason' in lease) return
    const seal = (field: SecretField) =>
      cipher.seal(new Secret(`${field} of ${tenantId}`), connectionContext(lease, tokenVersion + 1, field))
    const tokens = { accessToken: await seal('access_token'), refreshToken: await seal('refresh_token') }
    const previousRefreshToken = await seal('previous_refresh_token')
    await this.leases.store(lease, refreshedTokens({ tokens, previousRefreshToken }))
    const late = new Secret(`candidate of ${tenantId}`)
    const accessToken = await cipher.seal(late, candidateContext(lease, tokenVersion, 'access_token'))
    await this.leases.keepCandidate(lease, { id: randomUUID(), parentVersion: tokenVersion, accessToken })
  }

  async rows(): Promise<readonly SealedRow[]> {
    return (await this.sealedValues.page(undefined, 10_000)).rows
  }

  /** Opens everything there is for exactly what it should be sealed for. */
  async openAll({ cipher }: Keys): Promise<readonly string[]> {
    const opened: string[] = []
    for (const row of await this.rows()) opened.push(...(await openRow(cipher, row)))
    return opened
  }
}

export async function openRow(cipher: Cipher, row: SealedRow): Promise<readonly string[]> {
  const { accessToken, candidates, previousRefreshToken, refreshToken } = row.secrets
  const fields = [
    ['access_token', accessToken],
    ['refresh_token', refreshToken],
    ['previous_refresh_token', previousRefreshToken],
  ] as const
  const opened: string[] = []
  for (const [field, sealed] of fields) {
    if (sealed === undefined) continue
    opened.push((await cipher.open(sealed, connectionContext(row, row.tokenVersion, field))).reveal())
  }
  for (const { accessToken: sealed, parentVersion } of candidates)
    opened.push((await cipher.open(sealed, candidateContext(row, parentVersion, 'access_token'))).reveal())
  return opened
}
