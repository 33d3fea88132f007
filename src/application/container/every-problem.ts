import { ConfigInvalidError } from '../../domain/errors.ts'

/** Takes every step, so that an operator learns of all problems at once. @throws ConfigInvalidError with those of all */
export function everyProblem<T>(steps: readonly (() => T)[]): readonly T[] {
  const problems: string[] = []
  const results: T[] = []
  for (const step of steps) {
    try {
      results.push(step())
    } catch (error) {
      if (!(error instanceof ConfigInvalidError)) throw error
      problems.push(...error.problems)
    }
  }
  if (problems.length > 0) throw new ConfigInvalidError(problems)
  return results
}
