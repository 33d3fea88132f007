const REDACTED = '[redacted]'

/**
 * A value that must not be printed: an access token, a refresh token, an API key, a code verifier.
 * Every way of printing it shows `[redacted]`; only `reveal()` gives the value, and only an edge calls it.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  equals(other: Secret): boolean {
    return this.#value === other.#value
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED
  }
}
