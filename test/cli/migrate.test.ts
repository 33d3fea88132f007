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
