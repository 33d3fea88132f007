import { EnvelopeCipher } from '../../../src/adapters/aes-gcm/index.ts'
import { AwsKms, KmsDataKeys } from '../../../src/adapters/kms/index.ts'
import type { KmsDataKeysOptions, KmsTimeouts } from '../../../src/adapters/kms/index.ts'
import { MemoryDataKeyStore } from '../../../src/adapters/memory/data-key-store.ts'
import { NodeRandomSource } from '../../../src/adapters/node/random-source.ts'
import { parseTenantId } from '../../../src/domain/model/identifiers.ts'
import { Secret } from '../../../src/domain/model/secret.ts'
import type { SealContext, Sealed } from '../../../src/ports/cipher.ts'
import type { DataKeyStore } from '../../../src/ports/data-key-store.ts'
import { FixedClock } from '../../../src/testing/fixed-clock.ts'
import { startLoopbackKms } from '../../../src/testing/loopback-kms/start-loopback-kms.ts'
import type { LoopbackKms } from '../../../src/testing/loopback-kms/start-loopback-kms.ts'
import { RecordedLog } from '../aes-gcm/recorded-log.ts'

export interface Process {
  readonly keys: KmsDataKeys
  readonly cipher: EnvelopeCipher
  readonly logger: RecordedLog
}

/** A loopback KMS, a store of data keys, and as many processes over them as a test starts. */
export class KmsWorkbench {
  readonly kms: LoopbackKms
  readonly clock = new FixedClock()
  readonly store: DataKeyStore
  readonly keyArn: string
  readonly #clients: AwsKms[] = []

  private constructor(kms: LoopbackKms, store?: DataKeyStore) {
    this.kms = kms
    this.store = store ?? new MemoryDataKeyStore({ clock: this.clock })
    this.keyArn = kms.createKey('alias/tokens')
  }

  static async open(store?: DataKeyStore): Promise<KmsWorkbench> {
    return new KmsWorkbench(await startLoopbackKms(), store)
  }

  client(logger = new RecordedLog(), timeouts?: Partial<KmsTimeouts>): AwsKms {
    const { credentials, region, url: endpoint } = this.kms
    const client = new AwsKms({ clock: this.clock, logger, region, endpoint, credentials, timeouts })
    this.#clients.push(client)
    return client
  }

  options(changes: Partial<KmsDataKeysOptions> = {}): KmsDataKeysOptions {
    const { clock, keyArn: kmsKeyId, store } = this
    return {
      kms: changes.kms ?? this.client(),
      kmsKeyId,
      app: 'test-app',
      store,
      clock,
      random: new NodeRandomSource(),
      ...changes,
    }
  }

  start(changes: Partial<KmsDataKeysOptions> = {}): Process {
    const logger = new RecordedLog()
    const keys = new KmsDataKeys(this.options({ kms: this.client(logger), logger, ...changes }))
    return { keys, logger, cipher: new EnvelopeCipher({ keys }) }
  }

  callsOf(operation: string): number {
    return this.kms.calls.filter((call) => call.operation === operation).length
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.close()
    await this.kms.close()
  }
}

export function contextOf(tenant = 'tenant-a'): SealContext {
  return {
    purpose: 'connection',
    tenantId: parseTenantId(tenant),
    provider: 'meta',
    connectionId: 'connection-1',
    grantId: 'grant-1',
    tokenVersion: 1,
    field: 'access_token',
  }
}

export const seal = ({ cipher }: Process, tenant?: string): Promise<Sealed> =>
  cipher.seal(new Secret('token'), contextOf(tenant))

export const read = async ({ cipher }: Process, sealed: Sealed, tenant?: string): Promise<string> =>
  (await cipher.open(sealed, contextOf(tenant))).reveal()

export const idOf = (sealed: Sealed): string => sealed.slice(5, 27)
