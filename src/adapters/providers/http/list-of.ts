import { z } from 'zod'

/**
 * A list of rows, read up to the first that is wrong. `z.array` reads them all and words an error for each, which keeps
 * the process from everything else for seconds where an answer holds half a million.
 */
export function listOf<Row extends z.ZodType>(row: Row): z.ZodType<z.output<Row>[]> {
  return z.array(z.unknown()).transform((values, context): z.output<Row>[] => {
    const rows: z.output<Row>[] = []
    for (const value of values) {
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
