import { z } from 'zod'
import type { Secret } from '../../../domain/model/secret.ts'
import { responseInvalid } from '../../../domain/provider-failure.ts'
import type { GraphApi } from './graph-api.ts'

const MAX_PAGES = 200

const page = z.object({
  data: z.custom<readonly unknown[]>((value) => Array.isArray(value)),
  paging: z
    .object({
      cursors: z.object({ after: z.string().max(4096).optional() }).optional(),
      next: z.string().optional(),
    })
    .optional(),
})

/**
 * The rows of an edge, over all its pages and up to `most`. Of the address of the next page only the cursor is used:
 * the address itself carries the token and is the platform's to choose. @throws ProviderFailure
 */
export async function allRows(
  graph: GraphApi,
  edge: string,
  options: {
    readonly accessToken: Secret
    readonly parameters: Readonly<Record<string, string>>
    readonly most: number
  },
): Promise<readonly unknown[]> {
  const { accessToken, parameters, most } = options
  const rows: unknown[] = []
  let after: string | undefined
  for (let turn = 0; turn < MAX_PAGES && rows.length < most; turn += 1) {
    const asked = after === undefined ? parameters : { ...parameters, after }
    const parsed = page.safeParse(await graph.asHolder('GET', edge, { accessToken, parameters: asked }))
    if (!parsed.success) throw responseInvalid()
    // One by one: a call takes fewer arguments than a page may have rows.
    for (const row of parsed.data.data) rows.push(row)
    const { next, cursors } = parsed.data.paging ?? {}
    if (next === undefined) break
    // A page that leads to itself, or nowhere, is no way to the end of the rows.
    if (cursors?.after === undefined || cursors.after === after) throw responseInvalid()
    after = cursors.after
  }
  return rows.slice(0, most)
}
