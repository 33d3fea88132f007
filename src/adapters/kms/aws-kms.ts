import type * as SdkModule from '@aws-sdk/client-kms'
import { bulkhead } from 'cockatiel'
import { CipherUnavailableError, ConfigInvalidError } from '../../domain/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import { Breaker } from './breaker.ts'
import type { EncryptionContext, KmsApi, WrappedKey } from './kms-api.ts'
import { doesNotUnwrap, toKmsFailure } from './kms-failure.ts'

/** Credentials in the SDK’s own words. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** Which KMS, as whom, and how long it may take. */
export interface AwsKmsOptions {
  readonly clock: Clock
  readonly logger?: Logger | undefined
  /** What is left out, the SDK finds in its usual places. */
  readonly region?: string | undefined
  readonly endpoint?: string | undefined
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>) | undefined
  readonly timeouts?: Partial<KmsTimeouts> | undefined
}

/** How long a call may take; 500, 800 and 3,000 milliseconds unless given. */
export interface KmsTimeouts {
  readonly connectionMs: number
  /** For each of the SDK's attempts. */
  readonly requestMs: number
  /** For all attempts of a call together, the waits for its turn and for credentials included. */
  readonly callMs: number
}

const TIMEOUTS: KmsTimeouts = { connectionMs: 500, requestMs: 800, callMs: 3_000 }
const MAX_CALLS = 16
const ATTEMPTS = 3

interface Sdk {
  readonly client: SdkModule.KMSClient
  readonly commands: Pick<typeof SdkModule, 'DecryptCommand' | 'GenerateDataKeyCommand' | 'ReEncryptCommand'>
}
/** AWS KMS through its SDK, which is loaded when it is first needed. */
export class AwsKms implements KmsApi {
  readonly #options: AwsKmsOptions
  readonly #timeouts: KmsTimeouts
  readonly #breaker: Breaker
  readonly #calls = bulkhead(MAX_CALLS, Number.POSITIVE_INFINITY)
  #sdk: Promise<Sdk> | undefined

  constructor(options: AwsKmsOptions) {
    this.#options = options
    this.#timeouts = { ...TIMEOUTS, ...options.timeouts }
    this.#breaker = new Breaker(options.clock)
  }

  generateDataKey(
    kmsKeyId: string,
    context: EncryptionContext,
  ): Promise<WrappedKey & { readonly plaintext: Uint8Array }> {
    return this.#call('GenerateDataKey', async ({ client, commands }, abortSignal) => {
      const input = { KeyId: kmsKeyId, KeySpec: 'AES_256', EncryptionContext: { ...context } } as const
      const answer = await client.send(new commands.GenerateDataKeyCommand(input), { abortSignal })
      const { CiphertextBlob, KeyId, Plaintext } = answer
      return {
        wrapped: presentOrThrow(CiphertextBlob),
        kmsKeyId: presentOrThrow(KeyId),
        plaintext: presentOrThrow(Plaintext),
      }
    })
  }

  decrypt(key: WrappedKey, context: EncryptionContext): Promise<Uint8Array | undefined> {
    return this.#call('Decrypt', async ({ client, commands }, abortSignal) => {
      const { wrapped, kmsKeyId } = key
      // Without KeyId the service would unwrap with whatever key the blob names.
      const input = { CiphertextBlob: wrapped, KeyId: kmsKeyId, EncryptionContext: { ...context } }
      const answer = await client
        .send(new commands.DecryptCommand(input), { abortSignal })
        .catch(undefinedIfNotUnwrappable)
      return answer && presentOrThrow(answer.Plaintext)
    })
  }

  reEncrypt(
    key: WrappedKey,
    toKmsKeyId: string,
    context: EncryptionContext,
  ): Promise<WrappedKey | undefined> {
    return this.#call('ReEncrypt', async ({ client, commands }, abortSignal) => {
      const input = {
        CiphertextBlob: key.wrapped,
        SourceKeyId: key.kmsKeyId,
        SourceEncryptionContext: { ...context },
        DestinationKeyId: toKmsKeyId,
        DestinationEncryptionContext: { ...context },
      }
      const answer = await client
        .send(new commands.ReEncryptCommand(input), { abortSignal })
        .catch(undefinedIfNotUnwrappable)
      return (
        answer && { wrapped: presentOrThrow(answer.CiphertextBlob), kmsKeyId: presentOrThrow(answer.KeyId) }
      )
    })
  }

  /** Closes the SDK's connections. */
  async close(): Promise<void> {
    const sdk = await this.#sdk
    sdk?.client.destroy()
  }

  async #call<Answer>(
    operation: string,
    ask: (sdk: Sdk, abortSignal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer> {
    const deadline = AbortSignal.timeout(this.#timeouts.callMs)
    const sdk = await this.#load()
    return this.#calls.execute(async () => {
      if (!this.#breaker.admits())
        throw new CipherUnavailableError('KMS failed repeatedly and is asked again in a few seconds')
      try {
        // The SDK obeys the signal while it sends, but not while it waits for credentials.
        const answer = await within(deadline, () => ask(sdk, deadline))
        this.#breaker.noteSuccess()
        return answer
      } catch (cause) {
        throw this.#noted(operation, cause)
      }
    })
  }

  #noted(operation: string, cause: unknown): CipherUnavailableError {
    const failure = toKmsFailure(cause)
    if (failure.isOfService) this.#breaker.noteFailure()
    else this.#breaker.noteSuccess()
    const level = failure.isAlert ? 'error' : 'warn'
    this.#options.logger?.log(level, 'A KMS call failed', { operation, failure: failure.name })
    return failure.error
  }

  #load(): Promise<Sdk> {
    this.#sdk ??= this.#import().catch((error: unknown) => {
      this.#sdk = undefined
      throw error
    })
    return this.#sdk
  }

  async #import(): Promise<Sdk> {
    const commands = await importSdk()
    return { client: new commands.KMSClient(this.#config()), commands }
  }

  /** Later calls of the SDK wait for credentials that were already requested, so that request must not last for ever. */
  #bounded(credentials: NonNullable<AwsKmsOptions['credentials']>): typeof credentials {
    if (typeof credentials !== 'function') return credentials
    return () => within(AbortSignal.timeout(this.#timeouts.callMs), credentials)
  }

  #config(): SdkModule.KMSClientConfig {
    const { credentials, endpoint, region } = this.#options
    const { connectionMs, requestMs } = this.#timeouts
    return {
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(credentials === undefined ? {} : { credentials: this.#bounded(credentials) }),
      maxAttempts: ATTEMPTS,
      // Without the third setting, requestTimeout only prints a warning and the late answer is taken.
      requestHandler: {
        connectionTimeout: connectionMs,
        requestTimeout: requestMs,
        throwOnRequestTimeout: true,
      },
    }
  }
}

async function importSdk(): Promise<typeof SdkModule> {
  try {
    return await import('@aws-sdk/client-kms')
  } catch {
    throw new ConfigInvalidError(['@aws-sdk/client-kms: is not installed, and KMS needs it'])
  }
}

/** For `catch`: a data key that does not unwrap is an answer from a working service; any other error is thrown. */
function undefinedIfNotUnwrappable(cause: unknown): undefined {
  if (!doesNotUnwrap(cause)) throw cause
}

function within<Answer>(deadline: AbortSignal, ask: () => Promise<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    deadline.throwIfAborted()
    const end = (): void => reject(deadline.reason as Error)
    deadline.addEventListener('abort', end, { once: true })
    ask()
      .finally(() => deadline.removeEventListener('abort', end))
      .then(resolve, reject)
  })
}

function presentOrThrow<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new CipherUnavailableError('KMS answered without what was asked for')
  return value
}
