import { EnvelopeCipher } from '../src/adapters/aes-gcm/index.ts'
import { AwsKms, KmsDataKeys } from '../src/adapters/kms/index.ts'
import type { DataKeyLimits, Partitioning } from '../src/adapters/kms/index.ts'
import { MemoryDataKeyStore } from '../src/adapters/memory/data-key-store.ts'
import { NodeRandomSource } from '../src/adapters/node/random-source.ts'
import { SystemClock } from '../src/adapters/node/system-clock.ts'
import { Secret } from '../src/domain/model/secret.ts'
import type { SealContext, Sealed } from '../src/ports/cipher.ts'
import { startLoopbackKms } from '../src/testing/loopback-kms/start-loopback-kms.ts'
import type { LoopbackKms } from '../src/testing/loopback-kms/start-loopback-kms.ts'
import { benchTenants } from './keys.ts'
import type { Benchmark, Result } from './report.ts'
import { concurrently, pick } from './rounds.ts'

const TENANTS = 10_000
const FULL_OPENS = 1_000_000
const OPENS = 50_000
const AT_ONCE = 64
const GENERATIONS = 90

interface Layout {
  readonly name: string
  readonly partitioning: Partitioning
  readonly limits: Partial<DataKeyLimits>
}

const LAYOUTS: readonly Layout[] = [
  { name: 'kms one key', partitioning: 'all', limits: {} },
  { name: 'kms 90 keys', partitioning: 'all', limits: { maxValues: Math.ceil(TENANTS / GENERATIONS) } },
  { name: 'kms 256 groups', partitioning: 'hash', limits: {} },
]

/**
 * How often KMS is asked while a process that knows no key opens values of ten thousand tenants, for each data key that
 * is in use: the AWS SDK, over HTTP, against a service on loopback that counts.
 */
export const benchKms: Benchmark = async ({ isFull, note }) => {
  const kms = await startLoopbackKms()
  try {
    const results: Result[] = []
    for (const layout of LAYOUTS) {
      note(layout.name)
      results.push(await callsWhileOpening(kms, layout, isFull ? FULL_OPENS : OPENS))
    }
    return results
  } finally {
    await kms.close()
  }
}

async function callsWhileOpening(kms: LoopbackKms, layout: Layout, opens: number): Promise<Result> {
  const store = new MemoryDataKeyStore({ clock: new SystemClock() })
  const keyId = kms.createKey()
  const writing = startProcess(kms, { ...layout, keyId, store })
  const values: { readonly sealed: Sealed; readonly context: SealContext }[] = []
  for (const context of contexts())
    values.push({ context, sealed: await writing.cipher.seal(new Secret('a'.repeat(200)), context) })
  await writing.close()
  const dataKeys = new Set(values.map(({ sealed }) => sealed.slice(0, 27))).size

  const reading = startProcess(kms, { ...layout, keyId, store })
  const callsBefore = kms.calls.length
  const startedAt = performance.now()
  await concurrently(AT_ONCE, async (turn) => {
    const { context, sealed } = pick(values, turn)
    await reading.cipher.open(sealed, context)
  })(opens)
  const seconds = (performance.now() - startedAt) / 1_000
  await reading.close()
  const calls = kms.calls.length - callsBefore
  return {
    name: layout.name,
    ratio: calls / dataKeys,
    target: { atMost: 1 },
    detail: `${calls} calls for ${dataKeys} data keys, ${opens} opens in ${seconds.toFixed(1)} s`,
  }
}

interface ProcessOptions extends Layout {
  readonly keyId: string
  readonly store: MemoryDataKeyStore
}

function startProcess(
  { credentials, region, url: endpoint }: LoopbackKms,
  { keyId: kmsKeyId, limits, partitioning, store }: ProcessOptions,
): { readonly cipher: EnvelopeCipher; readonly close: () => Promise<void> } {
  const clock = new SystemClock()
  const kms = new AwsKms({ clock, region, endpoint, credentials })
  const random = new NodeRandomSource()
  const keys = new KmsDataKeys({
    ...{ kms, kmsKeyId, app: 'bench', partitioning, limits, store, clock, random },
  })
  return { cipher: new EnvelopeCipher({ keys }), close: () => kms.close() }
}

function contexts(): readonly SealContext[] {
  return benchTenants(TENANTS).map((tenantId) => ({
    purpose: 'connection',
    tenantId,
    provider: 'google_ads',
    connectionId: `connection of ${tenantId}`,
    grantId: `grant of ${tenantId}`,
    tokenVersion: 1,
    field: 'access_token',
  }))
}
