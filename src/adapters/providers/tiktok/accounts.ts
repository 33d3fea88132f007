import { cleanText, MAX_ACCOUNTS } from '../../../domain/model/ad-account.ts'
import type { AdAccount } from '../../../domain/model/ad-account.ts'
import type { Secret } from '../../../domain/model/secret.ts'
import { ProviderFailure } from '../../../domain/provider-failure.ts'
import { MAX_IDS } from './business-api.ts'
import type { Advertiser, AdvertiserInfo, BusinessApi } from './business-api.ts'

/** The only status of an advertiser that serves ads. */
const ENABLED = 'STATUS_ENABLE'

/** Every advertiser that the grant covers, with its state; one after the other, for TikTok counts queries per second. */
export async function discoverAccounts(api: BusinessApi, accessToken: Secret): Promise<readonly AdAccount[]> {
  const authorised = distinct(await api.authorisedAdvertisers(accessToken)).slice(0, MAX_ACCOUNTS)
  const accounts: AdAccount[] = []
  for (let start = 0; start < authorised.length; start += MAX_IDS) {
    const batch = authorised.slice(start, start + MAX_IDS)
    const known = await knownOf(api, accessToken, batch)
    accounts.push(...batch.map((advertiser) => toAccount(advertiser, known.get(advertiser.id))))
  }
  return accounts
}

/** One advertiser that was taken away in the meantime spoils the whole batch: names are then all there is. */
async function knownOf(
  api: BusinessApi,
  accessToken: Secret,
  batch: readonly Advertiser[],
): Promise<ReadonlyMap<string, AdvertiserInfo>> {
  try {
    const infos = await api.advertiserInfo(
      accessToken,
      batch.map(({ id }) => id),
    )
    return new Map(infos.map((info) => [info.id, info]))
  } catch (error) {
    if (error instanceof ProviderFailure && error.kind === 'permission') return new Map()
    throw error
  }
}

function toAccount(advertiser: Advertiser, info: AdvertiserInfo | undefined): AdAccount {
  const name = info?.name ?? advertiser.name
  const { status, currency, timeZone } = info ?? {}
  return {
    id: advertiser.id,
    isUsable: status === undefined || status === ENABLED,
    ...(name === undefined ? {} : { name: cleanText(name) }),
    ...(status === undefined ? {} : { status: cleanText(status) }),
    ...(currency === undefined ? {} : { currency: cleanText(currency) }),
    ...(timeZone === undefined ? {} : { timeZone: cleanText(timeZone) }),
  }
}

function distinct(advertisers: readonly Advertiser[]): readonly Advertiser[] {
  return [...new Map(advertisers.map((advertiser) => [advertiser.id, advertiser])).values()]
}
