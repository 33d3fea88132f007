import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, expect, test } from 'vitest'
import { startPostgres } from '../../dev/services/postgres.ts'

const folder = mkdtempSync(join(tmpdir(), 'kept-postgres-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

async function ask(url: string, statement: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end()
  }
}

test('a server with a data folder keeps its data over a power cut and a lock file left behind', async () => {
  const first = await startPostgres({ isDedicated: true, dataFolder: folder })
  await ask(first.url, 'CREATE TABLE kept AS SELECT 1 AS id')
  await first.kill()
  // After a restart of the container some other process has the number that the lock names.
  const home = first.dataFolder ?? folder
  writeFileSync(
    join(home, 'data', 'postmaster.pid'),
    `${process.pid}\n${join(home, 'data')}\n0\n0\n\n\n0 0\n`,
  )

  const second = await startPostgres({ isDedicated: true, dataFolder: folder })
  try {
    expect(await ask(second.url, 'SELECT id FROM kept')).toEqual([{ id: 1 }])
  } finally {
    await second.stop()
  }
})

test('a server ends with the process that started it, however that one ends', async () => {
  const module = join(process.cwd(), 'dev/services/postgres.ts')
  const script = `
    const { startPostgres } = await import(${JSON.stringify(module)})
    console.log((await startPostgres({ isDedicated: true })).url)
    setInterval(() => undefined, 1_000)`
  const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const printed: unknown[] = await once(parent.stdout, 'data')
  const url = String(printed[0]).trim()
  expect(await ask(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  parent.kill('SIGKILL')
  let isUp = true
  for (let turns = 0; turns < 100 && isUp; turns += 1) {
    await delay(50)
    isUp = await ask(url, 'SELECT 1').then(
      () => true,
      () => false,
    )
  }
  expect(isUp).toBe(false)
})
