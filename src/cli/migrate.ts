import { dbaStatements, migrate } from '../adapters/postgres/index.ts'
import { loginOf } from '../adapters/postgres/one-connection.ts'
import { databaseUrl } from '../application/config/database-url.ts'
import { read } from '../application/config/read-variable.ts'
import { ConfigInvalidError } from '../domain/errors.ts'
import type { Command } from './commands.ts'
import { print, readOptions, textOption } from './options.ts'

export const migrateCommand: Command = {
  name: 'migrate',
  usage: 'migrate [--grant-to LOGIN,…] [--dba [--login LOGIN]]',
  summary: 'brings the database up to date; --dba prints what a superuser runs before and after',
  async run(parameters) {
    const { json, values } = readOptions(parameters, {
      dba: 'boolean',
      'grant-to': 'string',
      login: 'string',
    })
    const grantTo = textOption(values, 'grant-to')?.split(',')
    if (values['dba'] === true) {
      const statements = dbaStatements(textOption(values, 'login') ?? configuredLogin(), grantTo)
      print(json, { statements }, [statements])
      return 0
    }
    const { applied } = await migrate({ connectionString: databaseUrl(process.env), grantTo })
    print(
      json,
      { applied },
      applied.length === 0 ? ['Nothing to do.'] : applied.map((file) => `Applied ${file}`),
    )
    return 0
  },
}

function configuredLogin(): string {
  const isGiven = read(process.env, 'DATABASE_URL') !== undefined
  const login = isGiven ? loginOf(databaseUrl(process.env)) : undefined
  if (login === undefined)
    throw new ConfigInvalidError([
      '--login: is missing, and DATABASE_URL does not name the login that will migrate',
    ])
  return login
}
