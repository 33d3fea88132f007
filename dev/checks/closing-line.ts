import { sumReports } from './sum-reports.ts'

// The end of .ci/run: how many steps failed, then the tests of all suites.
const [failedSteps = '1', folder = '.'] = process.argv.slice(2)
const { passed, failed } = sumReports(folder)
if (failedSteps !== '0') console.log(`${failedSteps} of the steps above failed`)
console.log(`${passed} passed, ${failed} failed`)
if (failedSteps !== '0' || failed > 0 || passed === 0) process.exitCode = 1
