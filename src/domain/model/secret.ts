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

  /** The text itself: to be sent or sealed, and never kept, logged or thrown. */
  reveal(): string {
    return this.#value
  }

  /** Takes as long for a value that is nearly right as for one that is not. */
  equals(other: Secret): boolean {
    if (this.#value.length !== other.#value.length) return false
    let difference = 0
    for (let index = 0; index < this.#value.length; index += 1) {
      difference |= this.#value.charCodeAt(index) ^ other.#value.charCodeAt(index)
    }
    return difference === 0
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
