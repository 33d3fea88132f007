import { AesGcmCipher, KeyRing } from '../src/adapters/aes-gcm/index.ts'
import { parseTenantId } from '../src/domain/model/identifiers.ts'
import type { TenantId } from '../src/domain/model/identifiers.ts'

/** Fixed, so that processes share it. */
export const BENCH_KEY = '9d3f61c47be2508a1f6c94d7b03e8a52c6714fd99ab1e0573d28fe46b7c05a13'

/** The local keys of a benchmark. */
export function benchRing(): KeyRing {
  return new KeyRing({ name: 'BENCH_KEY', primary: BENCH_KEY })
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
