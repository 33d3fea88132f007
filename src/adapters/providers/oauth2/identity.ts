import { cleanText, MAX_ACCOUNTS } from '../../../domain/model/ad-account.ts'
import type { AdAccount } from '../../../domain/model/ad-account.ts'
import type { ProviderSubject } from '../../../domain/model/connection.ts'
import type { Secret } from '../../../domain/model/secret.ts'
import type { Instant } from '../../../domain/model/time.ts'
import { ProviderFailure, responseInvalid } from '../../../domain/provider-failure.ts'
import { statusFailure } from '../http/failures.ts'
import { jsonOf, parseJson } from '../http/json-answer.ts'
import type { HttpAnswer, ProviderHttp } from '../http/provider-http.ts'
import type { ParsedDefinition } from './definition.ts'
import { memberAt, textAt } from './json.ts'

export interface IdentityQuestion {
  readonly http: ProviderHttp
  readonly now: () => Instant
  readonly definition: ParsedDefinition
  readonly accessToken: Secret
}

export interface Identity {
  readonly subject?: ProviderSubject
  readonly accounts: readonly AdAccount[]
}

type IdentityRule = NonNullable<ParsedDefinition['identity']>

/** Asks who granted and what the grant reaches; without a rule for that, nothing is asked. */
export async function askIdentity(question: IdentityQuestion): Promise<Identity> {
  const { definition, http, now, accessToken } = question
  const rule = definition.identity
  if (rule === undefined) return { accounts: [] }
  const { name, value } = rule.authorizationHeader
  const answer = await http.send({
    method: 'GET',
    url: rule.url,
    headers: {
      accept: 'application/json',
      ...rule.headers,
      [name]: value.replaceAll('{token}', () => accessToken.reveal()),
    },
  })
  if (answer.status !== 200) throw apiFailure(definition, answer, now())
  const body = jsonOf(answer)
  const subject = subjectOf(rule, definition.issuer, body)
  const accounts = accountsOf(rule, body)
  // Half an answer must not look like a grant of nobody that reaches nothing.
  if ((rule.subject !== undefined && subject === undefined) || accounts === undefined) throw responseInvalid()
  return { accounts, ...(subject === undefined ? {} : { subject }) }
}

/** What a refusal of a platform's API to a bearer token means (RFC 6750 §3.1). */
function apiFailure(definition: ParsedDefinition, answer: HttpAnswer, now: Instant): ProviderFailure {
  const kind = answer.status === 401 ? 'reauthorize' : answer.status === 403 ? 'permission' : undefined
  if (kind === undefined || !isAboutToken(answer)) return statusFailure(answer, now, definition.throttles)
  return new ProviderFailure({ kind, delivery: 'answered', providerCode: `http_${answer.status}` })
}

/** A page of HTML is some proxy's, and says nothing about the credential. */
function isAboutToken(answer: HttpAnswer): boolean {
  const body = parseJson(answer.text)?.value
  return answer.header('www-authenticate') !== undefined || (typeof body === 'object' && body !== null)
}

function subjectOf(rule: IdentityRule, issuer: string, body: unknown): ProviderSubject | undefined {
  const id = rule.subject === undefined ? undefined : textAt(body, rule.subject)
  if (id === undefined || id.length > MAX_ID_LENGTH) return undefined
  const name = rule.subjectName === undefined ? undefined : textAt(body, rule.subjectName)
  return { issuer, id, ...(name === undefined ? {} : { name: cleanText(name) }) }
}

const MAX_ID_LENGTH = 255

function accountsOf(rule: IdentityRule, body: unknown): readonly AdAccount[] | undefined {
  if (rule.accounts === undefined) return []
  const { path, id: idPath, name: namePath } = rule.accounts
  const members = memberAt(body, path)
  if (!Array.isArray(members)) return undefined
  return members.slice(0, MAX_ACCOUNTS).flatMap((member: unknown) => {
    const id = textAt(member, idPath)
    if (id === undefined || id.length > MAX_ID_LENGTH) return []
    const name = namePath === undefined ? undefined : textAt(member, namePath)
    return [{ id, isUsable: true, ...(name === undefined ? {} : { name: cleanText(name) }) }]
  })
}
