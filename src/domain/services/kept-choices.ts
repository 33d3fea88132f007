import type { Examination, ProviderClient } from '../../ports/provider-client.ts'
import { AccountChangedError } from '../errors.ts'
import type { AdAccount } from '../model/ad-account.ts'
import type { Connection, ConnectionDetails } from '../model/connection.ts'

/** @throws AccountChangedError when the consent is of another person, or does not reach the account that was chosen */
export function refuseAccountChange(
  client: ProviderClient,
  existing: Connection | undefined,
  examination: Examination,
): void {
  if (existing === undefined || existing.status === 'disconnected') return
  const before = existing.subject
  const after = examination.subject
  const isOtherPerson =
    before !== undefined && after !== undefined && (before.issuer !== after.issuer || before.id !== after.id)
  const isOutOfReach =
    existing.selectedAccountId !== undefined &&
    !examination.accounts.some((account) => account.id === existing.selectedAccountId)
  if (isOtherPerson || isOutOfReach) throw new AccountChangedError(client.traits.displayName)
}

/**
 * The account that was selected before, or the only one there is; otherwise a person chooses. Where one was selected that
 * cannot be used any more, nothing takes its place by itself unless a change is allowed.
 */
export function chooseAccount(
  client: ProviderClient,
  accounts: readonly AdAccount[],
  { existing, allowAccountChange }: { existing: Connection | undefined; allowAccountChange: boolean },
): AdAccount | undefined {
  const usable = accounts.filter((account) => account.isUsable)
  const before = existing?.status === 'disconnected' ? undefined : existing?.selectedAccountId
  const kept = usable.find((account) => account.id === before)
  if (kept !== undefined) return kept
  if (!client.traits.hasAccounts) return usable[0]
  const mayTakeTheOnlyOne = before === undefined || allowAccountChange
  return mayTakeTheOnlyOne && usable.length === 1 ? usable[0] : undefined
}

/** What the examination found, with the choices of before that are still there. */
export function detailsOf(examination: Examination, existing: Connection | undefined): ConnectionDetails {
  const { tokenKind, publicApiKey, audiences } = examination
  const chosen = existing?.status === 'disconnected' ? undefined : existing?.details
  const stillThere = (id: string | undefined): boolean =>
    id !== undefined && audiences?.some((audience) => audience.id === id) === true
  return {
    ...(tokenKind === undefined ? {} : { tokenKind }),
    ...(publicApiKey === undefined ? {} : { publicApiKey }),
    ...(audiences === undefined ? {} : { audiences }),
    ...(chosen?.emailListId !== undefined && stillThere(chosen.emailListId)
      ? { emailListId: chosen.emailListId }
      : {}),
    ...(chosen?.smsListId !== undefined && stillThere(chosen.smsListId)
      ? { smsListId: chosen.smsListId }
      : {}),
  }
}
