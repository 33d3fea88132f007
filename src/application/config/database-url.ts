import { connectionProblem } from '../../adapters/postgres/connection-string.ts'
import { ConfigInvalidError } from '../../domain/errors.ts'
import { read } from './read-variable.ts'
import type { Environment } from './read-variable.ts'

/**
 * Without the variable a Postgres client would look for a database by itself, which may not be the one that is meant.
 * @throws ConfigInvalidError when it is missing or cannot be meant
 */
export function databaseUrl(env: Environment): string {
  const problems = databaseUrlProblems(env)
  if (problems.length > 0) throw new ConfigInvalidError(problems)
  return read(env, 'DATABASE_URL') ?? ''
}

export function databaseUrlProblems(env: Environment): readonly string[] {
  const url = read(env, 'DATABASE_URL')
  const problem =
    url === undefined
      ? 'is missing; set it to the Postgres database that keeps the connections'
      : connectionProblem(url)
  return problem === undefined ? [] : [`DATABASE_URL: ${problem}`]
}
