import type { ConnectionKey, ProviderName } from '../domain/model/identifiers.ts'

/** A person as one app of a provider knows them. */
export interface SubjectQuestion {
  readonly provider: ProviderName
  readonly clientId: string
  readonly subjectId: string
}

/**
 * Finds what a provider's callback is about: the connections, of whatever tenant, that hold a grant of one person to
 * one app. Only a callback whose signature has been verified asks; nothing secret is read to answer.
 */
export interface SubjectConnections {
  connectionsOf(question: SubjectQuestion): Promise<readonly ConnectionKey[]>
}
