import type { Container } from 'inversify'
import { IDS } from '../application/container/identifiers.ts'
import type { ProviderName } from '../domain/model/identifiers.ts'
import { HOUR_MS } from '../domain/model/time.ts'

/** What is due of one platform: for this process, for others, or for nobody. */
export interface DueOfPlatform {
  readonly provider: ProviderName
  readonly due: number
  /** Of these, how many have been due for more than an hour: nobody refreshes them, since a failure moves the due time. */
  readonly overdue: number
  readonly isConfigured: boolean
}

/** Of every platform of which something is due, configured here or not. @throws StoreUnavailableError */
export async function dueByPlatform(container: Container): Promise<readonly DueOfPlatform[]> {
  const configured = container.get(IDS.ProviderRegistry).names()
  const connections = container.get(IDS.DueConnections)
  const [due, overdue] = [await connections.countDue(0), await connections.countDue(HOUR_MS)]
  return [...due].map(([provider, count]) => ({
    ...{ provider, due: count, overdue: overdue.get(provider) ?? 0 },
    isConfigured: configured.includes(provider),
  }))
}
