import { runTour } from './tour.ts'

const asJson = process.argv.includes('--json')
// With --json the story goes to standard error, so that standard output is one JSON object.
const tell = (line: string): void => {
  if (asJson) process.stderr.write(`${line}\n`)
  else process.stdout.write(`${line}\n`)
}

try {
  const providers = await runTour(tell)
  if (asJson) process.stdout.write(`${JSON.stringify({ providers })}\n`)
  const isComplete = Object.values(providers).every((steps) => Object.values(steps).every(Boolean))
  tell(isComplete ? '\nEvery step of every platform worked.' : '\nSomething above did not work.')
  process.exitCode = isComplete ? 0 : 1
} catch (error) {
  process.stderr.write(
    `The tour could not be made: ${error instanceof Error ? error.message : String(error)}\n`,
  )
  process.exitCode = 1
}
