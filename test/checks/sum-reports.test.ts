import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { sumReports } from '../../dev/checks/sum-reports.ts'

const folder = mkdtempSync(join(tmpdir(), 'reports-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

test('the tests of all reports count, and a file that did not load counts as a failure', () => {
  const passing = { status: 'passed', assertionResults: [{}, {}] }
  const unloaded = { status: 'failed', assertionResults: [] }
  const one = { numPassedTests: 2, numFailedTests: 0, testResults: [passing, unloaded] }
  const other = { numPassedTests: 3, numFailedTests: 1, testResults: [] }
  writeFileSync(join(folder, 'one.json'), JSON.stringify(one))
  writeFileSync(join(folder, 'other.json'), JSON.stringify(other))
  expect(sumReports(folder)).toEqual({ passed: 5, failed: 2 })
})
