import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.unknown()) })),
})

/** How many tests of vitest's JSON reports in `folder` passed and failed. */
export function sumReports(folder: string): { passed: number; failed: number } {
  const sum = { passed: 0, failed: 0 }
  for (const file of readdirSync(folder)) {
    const one = report.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')))
    // A file that does not even load has no tests to count, and is no success either.
    const broken = one.testResults.filter(({ status, assertionResults }) => {
      return status === 'failed' && assertionResults.length === 0
    })
    sum.passed += one.numPassedTests
    sum.failed += one.numFailedTests + broken.length
  }
  return sum
}
