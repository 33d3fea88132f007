import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import type { TestProject } from 'vitest/node'
import { startPostgres } from '../../dev/services/postgres.ts'
import { startRedis } from '../../dev/services/redis.ts'
import { prepareTemplate } from './template-database.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A login that may create databases. */
    postgresUrl: string
    /** Every database of this run begins with it. */
    databasePrefix: string
    /** The migrated database that `freshDatabase` copies. */
    templateDatabase: string
    redisUrl: string
  }
}

/** Starts the services once for the whole run; a service that does not start fails the run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [postgres, redis] = await startBoth()
  const databasePrefix = `it_${randomBytes(4).toString('hex')}`
  const templateDatabase = `${databasePrefix}_template`
  const stop = async (): Promise<void> => {
    await dropAll(postgres.url, databasePrefix)
    await Promise.all([postgres.stop(), redis.stop()])
  }
  try {
    await createTemplate(postgres.url, templateDatabase)
  } catch (error) {
    await stop()
    throw error
  }
  project.provide('postgresUrl', postgres.url)
  project.provide('databasePrefix', databasePrefix)
  project.provide('templateDatabase', templateDatabase)
  project.provide('redisUrl', redis.url)
  return stop
}

async function startBoth(): Promise<[Stoppable, Stoppable]> {
  const [postgres, redis] = await Promise.allSettled([startPostgres(), startRedis()])
  if (postgres.status === 'fulfilled' && redis.status === 'fulfilled') return [postgres.value, redis.value]
  if (postgres.status === 'fulfilled') await postgres.value.stop()
  if (redis.status === 'fulfilled') await redis.value.stop()
  const reasons = [postgres, redis].flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []))
  throw new Error(`The tests need their services: ${reasons.join('\n')}`)
}

interface Stoppable {
  readonly url: string
  stop(): Promise<void>
}

async function createTemplate(serverUrl: string, name: string): Promise<void> {
  await withClient(serverUrl, (client) => client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`))
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  await prepareTemplate(url.href)
}

/** A server that was there before us keeps nothing of this run. */
async function dropAll(serverUrl: string, prefix: string): Promise<void> {
  await withClient(serverUrl, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
      [prefix],
    )
    for (const { datname } of rows) {
      await client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(datname)} WITH (FORCE)`)
    }
  })
}

async function withClient(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
