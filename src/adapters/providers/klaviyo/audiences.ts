import { z } from 'zod'
import { cleanText, MAX_AUDIENCES } from '../../../domain/model/ad-account.ts'
import type { Audience } from '../../../domain/model/ad-account.ts'
import type { Secret } from '../../../domain/model/secret.ts'
import { responseInvalid } from '../../../domain/provider-failure.ts'
import { listOf } from '../http/list-of.ts'
import type { KlaviyoApi } from './klaviyo-api.ts'

const MAX_PAGES = 200
/** Klaviyo refuses more. */
const PAGE_SIZE = '10'

const row = z.object({
  id: z.string().regex(/^[\x21-\x7e]{1,64}$/),
  attributes: z.object({
    name: z.string(),
    opt_in_process: z.string().optional().catch(undefined),
  }),
})
const page = z.object({
  data: listOf(row, MAX_AUDIENCES),
  links: z.object({ next: z.string().nullish() }).optional(),
})

/**
 * The account's lists or segments over all pages, up to `MAX_AUDIENCES`. Of the address of the next page only the cursor is used: the address
 * is the platform's to choose, and whoever is asked gets the key. @throws ProviderFailure
 */
export async function allAudiences(
  api: KlaviyoApi,
  resource: 'lists' | 'segments',
  apiKey: Secret,
): Promise<readonly Audience[]> {
  const kind = resource === 'lists' ? 'list' : 'segment'
  const audiences: Audience[] = []
  let cursor: string | undefined
  for (let turn = 0; turn < MAX_PAGES && audiences.length < MAX_AUDIENCES; turn += 1) {
    const parameters = {
      'page[size]': PAGE_SIZE,
      ...(cursor === undefined ? {} : { 'page[cursor]': cursor }),
    }
    const parsed = page.safeParse(await api.get(resource, apiKey, parameters))
    if (!parsed.success) throw responseInvalid()
    for (const each of parsed.data.data) audiences.push(toAudience(each, kind))
    const next = parsed.data.links?.next ?? undefined
    if (next === undefined) break
    const following = cursorIn(next)
    // A page that leads to itself, or nowhere, is no way to the end.
    if (following === undefined || following === cursor) throw responseInvalid()
    cursor = following
  }
  return audiences.slice(0, MAX_AUDIENCES)
}

function cursorIn(address: string): string | undefined {
  const cursor = URL.canParse(address) ? new URL(address).searchParams.get('page[cursor]') : null
  return cursor === null || cursor === '' || cursor.length > 4096 ? undefined : cursor
}

function toAudience({ id, attributes }: z.output<typeof row>, kind: Audience['kind']): Audience {
  const optIn = cleanText(attributes.opt_in_process ?? '')
  return { id, name: cleanText(attributes.name), kind, ...(optIn === '' ? {} : { optIn }) }
}
