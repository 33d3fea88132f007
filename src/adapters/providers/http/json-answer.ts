import { responseInvalid } from '../../../domain/provider-failure.ts'
import type { HttpAnswer } from './provider-http.ts'

/** JSON as it came, or nothing where the text is none. */
export function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return { value }
  } catch {
    return undefined
  }
}

/** The JSON of an answer, to be judged by a schema: of two members of one name the last counts. @throws ProviderFailure */
export function jsonOf(answer: HttpAnswer): unknown {
  const parsed = parseJson(answer.text)
  if (parsed === undefined) throw responseInvalid()
  return parsed.value
}
