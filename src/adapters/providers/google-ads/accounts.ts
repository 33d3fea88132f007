import { cleanText, MAX_ACCOUNTS } from '../../../domain/model/ad-account.ts'
import type { AdAccount } from '../../../domain/model/ad-account.ts'
import type { Secret } from '../../../domain/model/secret.ts'
import { ProviderFailure } from '../../../domain/provider-failure.ts'
import type { AdsApi, CustomerRow } from './ads-api.ts'
import { isAboutOneAccount, NOT_ADS_USER } from './ads-failure.ts'

/** Each account reached directly costs a request for its name; beyond these they are listed by id alone. */
const MAX_NAMED = 500
const AT_ONCE = 6

/**
 * Every account that the person reaches: directly, or below a manager, whose id then stands in `loginCustomerId`. An
 * account reached in both ways counts as direct. Managers are listed as not usable, since they carry no campaigns.
 */
export async function discoverAccounts(api: AdsApi, accessToken: Secret): Promise<readonly AdAccount[]> {
  const ids = await accessibleIds(api, accessToken)
  const named = ids.slice(0, MAX_NAMED)
  const direct = await mapBounded(named, (id) => directAccount(api, accessToken, id))
  const managers = direct.filter(({ isManager }) => isManager === true)
  const below = await mapBounded(managers, (manager) => accountsBelow(api, accessToken, manager))
  const unnamed = ids.slice(MAX_NAMED).map((id) => ({ id, isUsable: true }))
  return distinct([...direct, ...unnamed, ...below.flat()]).slice(0, MAX_ACCOUNTS)
}

async function accessibleIds(api: AdsApi, accessToken: Secret): Promise<readonly string[]> {
  try {
    return [...new Set(await api.listAccessible(accessToken))]
  } catch (error) {
    if (error instanceof ProviderFailure && error.providerCode === NOT_ADS_USER) return []
    throw error
  }
}

/** Closed accounts refuse every question: they are listed without a name. */
async function directAccount(api: AdsApi, accessToken: Secret, id: string): Promise<AdAccount> {
  try {
    const row = await api.customer(accessToken, id)
    return row === undefined ? { id, isUsable: false } : toAccount({ ...row, id })
  } catch (error) {
    if (!isAboutOneAccount(error)) throw error
    return { id, isUsable: false, status: error.providerCode.replace(/^.*\//, '') }
  }
}

async function accountsBelow(
  api: AdsApi,
  accessToken: Secret,
  manager: AdAccount,
): Promise<readonly AdAccount[]> {
  try {
    const rows = await api.clients(accessToken, manager.id, MAX_ACCOUNTS)
    return rows
      .filter(({ id }) => id !== manager.id)
      .map((row) => ({ ...toAccount(row), loginCustomerId: manager.id }))
  } catch (error) {
    if (isAboutOneAccount(error)) return []
    throw error
  }
}

function toAccount(row: CustomerRow): AdAccount {
  const { id, name, currency, timeZone, status, isManager } = row
  return {
    id,
    // A status that is left out is the usual one.
    isUsable: !isManager && (status === undefined || status === 'ENABLED'),
    isManager,
    ...(name === undefined || name === '' ? {} : { name: cleanText(name) }),
    ...(status === undefined ? {} : { status: cleanText(status) }),
    ...(currency === undefined ? {} : { currency: cleanText(currency) }),
    ...(timeZone === undefined ? {} : { timeZone: cleanText(timeZone) }),
  }
}

function distinct(accounts: readonly AdAccount[]): readonly AdAccount[] {
  const first = new Map<string, AdAccount>()
  for (const account of accounts) if (!first.has(account.id)) first.set(account.id, account)
  return [...first.values()]
}

/** A few at a time; after the first failure no more are asked. */
async function mapBounded<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = []
  const waiting = [...items.entries()].reverse()
  const work = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [index, item] = next
      results[index] = await ask(item)
    }
  }
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  } finally {
    waiting.length = 0
  }
  return results
}
