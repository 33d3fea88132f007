import { describe, expect, test } from 'vitest'
import { integrations } from '../support/integrations-command.ts'

describe('integrations migrate --dba', () => {
  test('prints its two parts for the login of DATABASE_URL, and connects to nothing', async () => {
    const url = 'postgres://shop%20app:secret@127.0.0.1:1/app'
    const { code, printed } = await integrations(['migrate', '--dba'], { DATABASE_URL: url })
    expect(code).toBe(0)
    const [before, after] = printed.split('-- after migrating')
    expect(before).toContain('GRANT integrations_app TO "shop app";')
    expect(after).toContain(
      'REVOKE integrations_jobs, integrations_reads, integrations_refreshes FROM "shop app";',
    )
    expect(printed).not.toContain('secret')
  })

  test('prints them for another login that is named, without any database', async () => {
    const { printed } = await integrations(['migrate', '--dba', '--login', 'deploy'])
    expect(printed).toContain('GRANT integrations_app TO "deploy";')
  })

  test('asks for the login where nothing says it', async () => {
    await expect(integrations(['migrate', '--dba'])).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('--login: is missing') as string,
    })
  })
})

test('an empty DATABASE_URL is a missing one, and not whatever database a client finds by itself', async () => {
  const elsewhere = { DATABASE_URL: '', PGHOST: '127.0.0.1', PGPORT: '1' }
  await expect(integrations(['migrate'], elsewhere)).rejects.toMatchObject({ code: 'config_invalid' })
  const doctor = await integrations(['doctor'], elsewhere)
  expect([doctor.code, doctor.printed.includes('DATABASE_URL: is missing')]).toEqual([1, true])
})

test('a DATABASE_URL that cannot be meant is refused before anything is connected to, and not repeated', async () => {
  const wrong = { DATABASE_URL: 'postgres://app:s3cret/more@db/app' }
  for (const parameters of [['migrate'], ['migrate', '--dba']]) {
    const refused: unknown = await integrations(parameters, wrong).catch((error: unknown) => error)
    expect(refused).toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('DATABASE_URL: must be a URL') as string,
    })
    expect(String(refused)).not.toContain('s3cret')
  }
})

describe('integrations doctor', () => {
  async function problemsWith(variables: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const { printed } = await integrations(['doctor'], variables)
    return printed.split('\n').flatMap((line) => /^problem +(.*)/.exec(line)?.[1] ?? [])
  }

  test('names every problem of an empty environment, each once', async () => {
    expect(await problemsWith({})).toEqual([
      'DATABASE_URL: is missing; set it to the Postgres database that keeps the connections',
      'INTEGRATION_ENCRYPTION_KEY: is missing; integrations keygen prints one',
    ])
  })

  test('names a URL that cannot be meant and a key that is too short, each once', async () => {
    const wrong = { DATABASE_URL: 'mysql://app:s3cret@db/app', INTEGRATION_ENCRYPTION_KEY: 'short' }
    const problems = await problemsWith(wrong)
    expect(problems).toEqual([
      expect.stringMatching(/^DATABASE_URL: must be a URL/),
      expect.stringMatching(/^INTEGRATION_ENCRYPTION_KEY: must be at least 32 characters/),
    ])
    expect(problems.join()).not.toContain('s3cret')
  })
})
