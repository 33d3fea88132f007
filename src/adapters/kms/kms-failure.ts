import { CipherUnavailableError } from '../../domain/errors.ts'

type FailureClass = 'unavailable' | 'denied' | 'disabled' | 'misnamed'

// Throttling is HTTP 400 and has no class in the SDK: the name is all there is to go by.
const CLASSES: Readonly<Record<Exclude<FailureClass, 'unavailable'>, readonly string[]>> = {
  denied: [
    'AccessDeniedException',
    'CredentialsProviderError',
    'ExpiredTokenException',
    'IncompleteSignature',
    'InvalidClientTokenId',
    'InvalidSignatureException',
    'MissingAuthenticationTokenException',
    'UnrecognizedClientException',
  ],
  disabled: ['DisabledException', 'KMSInvalidStateException', 'NotFoundException'],
  misnamed: [
    'InvalidArnException',
    'InvalidKeyUsageException',
    'UnsupportedOperationException',
    'ValidationException',
  ],
}

const PROBLEMS: Readonly<Record<FailureClass, string>> = {
  unavailable: 'KMS does not answer or throttles; call again later',
  denied: 'KMS refuses this application; check its credentials and the key policy',
  disabled: 'the KMS key is disabled, waits for its deletion or is gone; enable it again and delete no row',
  misnamed: 'KMS knows no such key to encrypt with; check that its name is that of a symmetric key',
}

/** A failed call, by what an operator has to do about it. */
export interface KmsFailure {
  readonly error: CipherUnavailableError
  /** The SDK's name for it; never its message, which may repeat what was sent. */
  readonly name: string
  /** Somebody has to act. */
  readonly isAlert: boolean
  /** It says something of the service rather than of one of its keys. */
  readonly isOfService: boolean
}

export function toKmsFailure(cause: unknown): KmsFailure {
  const name = nameOf(cause)
  const failureClass = classOf(name)
  return {
    error: new CipherUnavailableError(PROBLEMS[failureClass]),
    name,
    isAlert: failureClass !== 'unavailable',
    isOfService: failureClass === 'unavailable',
  }
}

/** Whether the service answered that it did not wrap this, not with this key or not for this context. */
export function doesNotUnwrap(cause: unknown): boolean {
  return ['IncorrectKeyException', 'InvalidCiphertextException'].includes(nameOf(cause))
}

function classOf(name: string): FailureClass {
  if (CLASSES.denied.includes(name)) return 'denied'
  if (CLASSES.disabled.includes(name)) return 'disabled'
  return CLASSES.misnamed.includes(name) ? 'misnamed' : 'unavailable'
}

function nameOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown'
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
  const name = cause.name === 'Error' && code !== undefined ? code : cause.name
  return /^[A-Za-z_]{1,64}$/.test(name) ? name : 'unknown'
}
