import { expect, test } from 'vitest'
import { connectionProblem } from '../../../src/adapters/postgres/connection-string.ts'
import { checkMigrated, migrate } from '../../../src/adapters/postgres/index.ts'

test.each([
  'postgres://app:secret@db.example.com:5432/app',
  'postgresql://db.example.com/app?sslmode=verify-full',
  'postgres://app:p%2Fq%23r@db/app?application_name=a@b',
  'postgres:///app?host=/var/run/postgresql',
  'postgres://app@/app?host=/var/run/postgresql',
  'postgres://app@%2Fvar%2Frun%2Fpostgresql/app',
  'socket:/var/run/postgresql?db=app',
  '/var/run/postgresql app',
])('%s can be meant', (url) => {
  expect(connectionProblem(url)).toBeUndefined()
})

test.each([
  ['another scheme', 'mysql://app:s3cret@db/app', 'must be a URL such as postgres://'],
  ['settings that are no URL', 'host=db password=s3cret', 'must be a URL such as postgres://'],
  ['a port that there is not', 'postgres://app:s3cret@db:99999/app', 'a port is at most 65535'],
  ['a slash in a password', 'postgres://app:s3cret/more@db/app', 'percent-encoded'],
  ['a slash behind digits', 'postgres://app:12/s3cret@db/app', 'percent-encoded'],
  ['a question mark behind digits', 'postgres://app:12?s3cret@db/app', 'percent-encoded'],
  ['a # in a password', 'postgres://app:s3cret#more@db/app', 'percent-encoded'],
  ['a # behind digits', 'postgres://app:12#s3cret@db/app', 'percent-encoded'],
  ['a # behind an @', 'postgres://app:s3cret@1#more@db/app', 'percent-encoded'],
  ['a % that encodes nothing', 'postgres://app:s3cret%E0%A4%41@db/app', 'percent-encoded'],
  ['a certificate that is not there', 'postgres://db/app?sslrootcert=/s3cret.pem', '(ENOENT)'],
])('%s is told, and nothing of the URL', (_what, url, problem) => {
  expect(connectionProblem(url)).toContain(problem)
  expect(connectionProblem(url)).not.toContain('s3cret')
})

test('nothing is connected to by a URL that cannot be meant', async () => {
  for (const work of [migrate, checkMigrated]) {
    await expect(work({ connectionString: 'mysql://db/app' })).rejects.toMatchObject({
      code: 'config_invalid',
    })
  }
})
