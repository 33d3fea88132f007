import { dbaStatements, migrate } from '../adapters/postgres/index.ts'
import { ConfigInvalidError } from '../domain/errors.ts'
import type { Command } from './commands.ts'
import { print, readOptions, textOption } from './options.ts'

export const migrateCommand: Command = {
  name: 'migrate',
  usage: 'migrate [--grant-to LOGIN,…] [--dba]',
  summary: 'brings the database up to date; --dba prints what needs a superuser, once',
  async run(parameters) {
    const { json, values } = readOptions(parameters, { dba: 'boolean', 'grant-to': 'string' })
    const grantTo = textOption(values, 'grant-to')?.split(',')
    if (values['dba'] === true) {
      const statements = dbaStatements(undefined, grantTo)
      print(json, { statements }, [statements])
      return 0
    }
    const connectionString = process.env['DATABASE_URL']
    if (connectionString === undefined) throw new ConfigInvalidError(['DATABASE_URL: is missing'])
    const { applied } = await migrate({ connectionString, grantTo })
    print(
      json,
      { applied },
      applied.length === 0 ? ['Nothing to do.'] : applied.map((file) => `Applied ${file}`),
    )
    return 0
  },
}
