import { AesGcmCipher, KeyRing } from '../src/adapters/aes-gcm/index.ts'
import { parseTenantId } from '../src/domain/model/identifiers.ts'
import type { TenantId } from '../src/domain/model/identifiers.ts'

/** The local keys of a benchmark: fixed, so that processes share them. */
export function benchRing(): KeyRing {
  return new KeyRing({ name: 'BENCH_KEY', primary: 'b7'.repeat(16) + '3e91c05fa84d2266'.repeat(2) })
}

export function benchCipher(ring: KeyRing = benchRing()): AesGcmCipher {
  return new AesGcmCipher({ rings: { general: ring } })
}

/** As many tenants as wanted, each with an id of the usual length. */
export function benchTenants(count: number): readonly TenantId[] {
  return Array.from({ length: count }, (_, index) =>
    parseTenantId(`tenant-${String(index).padStart(8, '0')}`),
  )
}
