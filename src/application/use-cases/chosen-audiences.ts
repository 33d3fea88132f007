import { AccountUnknownError } from '../../domain/errors.ts'
import type { ConnectionDetails } from '../../domain/model/connection.ts'

/** The details with other lists chosen; `null` chooses none. @throws AccountUnknownError for what is not listed */
export function withAudiences(
  details: ConnectionDetails,
  chosen: { readonly emailListId: string | null; readonly smsListId: string | null },
): ConnectionDetails {
  const { emailListId: _email, smsListId: _sms, ...rest } = details
  const known = (id: string): string => {
    if (details.audiences?.some((audience) => audience.id === id) !== true) throw new AccountUnknownError()
    return id
  }
  return {
    ...rest,
    ...(chosen.emailListId === null ? {} : { emailListId: known(chosen.emailListId) }),
    ...(chosen.smsListId === null ? {} : { smsListId: known(chosen.smsListId) }),
  }
}
