import { responseInvalid } from './failures.ts'
import type { HttpAnswer } from './provider-http.ts'

/** The JSON of an answer, to be judged by a schema: of two members of one name the last counts. @throws ProviderFailure */
export function jsonOf(answer: HttpAnswer): unknown {
  try {
    const value: unknown = JSON.parse(answer.text)
    return value
  } catch {
    // The parser's own error quotes the text.
    throw responseInvalid()
  }
}
