import { parseJson } from '../oauth2/json.ts'
import { responseInvalid } from './failures.ts'
import type { HttpAnswer } from './provider-http.ts'

/** The JSON of an answer, to be judged by a schema: of two members of one name the last counts. @throws ProviderFailure */
export function jsonOf(answer: HttpAnswer): unknown {
  const parsed = parseJson(answer.text)
  if (parsed === undefined) throw responseInvalid()
  return parsed.value
}
