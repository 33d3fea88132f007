import { z } from 'zod'

/** What is read of a list of errors: the first says why. */
export const MAX_ERRORS = 16

/**
 * A list of rows, read up to the first that is wrong, and not beyond `most` of them. `z.array` reads them all and words an
 * error for each, which keeps the process from everything else for seconds where an answer holds half a million.
 */
export function listOf<Row extends z.ZodType>(row: Row, most = Infinity): z.ZodType<z.output<Row>[]> {
  return list.transform((values, context): z.output<Row>[] => {
    const rows: z.output<Row>[] = []
    for (const value of values) {
      if (rows.length >= most) break
      const parsed = row.safeParse(value)
      if (!parsed.success) {
        context.addIssue({ code: 'custom', message: 'A row is wrong', path: [rows.length] })
        return z.NEVER
      }
      rows.push(parsed.data)
    }
    return rows
  })
}

/** `z.array(z.unknown())` looks at each entry as well. */
const list = z.custom<readonly unknown[]>((value) => Array.isArray(value))
