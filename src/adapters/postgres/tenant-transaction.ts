import { StoreUnavailableError } from '../../domain/errors.ts'
import type { TenantId } from '../../domain/model/identifiers.ts'
import { COMMIT_DURABLY } from './durable-commit.ts'
import { onPooledConnection } from './postgres-pool.ts'
import type { PostgresPool, PostgresQueries, PostgresResult } from './postgres-pool.ts'
import { isUnanswered, toStoreError } from './store-error.ts'

/** A client on which the host's own queries run, inside a transaction that carries the tenant. */
export interface TenantQueries {
  query<Row extends Record<string, unknown> = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<PostgresResult<Row>>
}

// The setting ends with the transaction, so that the next user of the connection inherits nothing, over PgBouncer too.
const ENTER = `SELECT set_config('app.tenant_id', $1, true)`

const ENTER_DURABLY = `${ENTER}, ${COMMIT_DURABLY}`

const ANSWER_TIMEOUT_MS = 5_000
const TOO_LATE = 'it did not answer in time; call again later'

/**
 * Runs the host's own queries, as the host's own role, in a transaction that carries the tenant for every table whose
 * policies ask for `app.tenant_id`. What `work` throws undoes the transaction and is thrown on as it is.
 * @throws StoreUnavailableError when the transaction cannot be begun or committed
 */
export async function withTenant<T>(
  pool: PostgresPool,
  tenantId: TenantId,
  work: (client: TenantQueries) => Promise<T>,
): Promise<T> {
  return inTransaction(pool, async (client) => {
    await begin(client, 'BEGIN', ENTER, tenantId).catch(rethrow)
    const outcome = await attempt(() =>
      work({ query: (text, values = []) => client.query(text, [...values]) }),
    )
    if ('error' in outcome) throw outcome.error
    await commit(client).catch(rethrow)
    return outcome.value
  })
}

/**
 * Runs our own statements as the role that the policies hold for, whoever the host logs in as. Every failure is a
 * StoreUnavailableError, and comes in time. What was not sent to be committed by then never is; where that was sent and not
 * answered, the error is uncertain.
 */
export async function asTenant<T>(
  pool: PostgresPool,
  tenantId: TenantId,
  work: (client: PostgresQueries) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController()
  const progress = { isCommitting: false }
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      deadline.abort()
      reject(progress.isCommitting ? uncertain() : new StoreUnavailableError('Postgres', TOO_LATE))
    }, ANSWER_TIMEOUT_MS)
  })
  const transaction = inTransaction(pool, async (client) => {
    await begin(client, BEGIN_AS_APP, ENTER_DURABLY, tenantId)
    const value = await work(client)
    deadline.signal.throwIfAborted()
    progress.isCommitting = true
    await commit(client)
    return value
  })
  try {
    return await Promise.race([transaction, late])
  } catch (error) {
    if (progress.isCommitting && isUnanswered(error)) throw uncertain()
    throw toStoreError(error)
  } finally {
    clearTimeout(timer)
  }
}

const BEGIN_AS_APP = 'BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL ROLE integrations_app'

async function begin(
  client: PostgresQueries,
  beginning: string,
  entering: string,
  tenantId: TenantId,
): Promise<void> {
  await client.query(beginning)
  await client.query(entering, [tenantId])
}

/** A transaction in which a statement failed, and whose user went on regardless, ends as a rollback without an error. */
async function commit(client: PostgresQueries): Promise<void> {
  const { command } = await client.query('COMMIT')
  if (command === 'ROLLBACK')
    throw new StoreUnavailableError('Postgres', 'the transaction had failed; call again')
}

async function inTransaction<T>(
  pool: PostgresPool,
  work: (client: PostgresQueries) => Promise<T>,
): Promise<T> {
  const outcome = await onPooledConnection(pool, async (client, giveUp) => {
    const done = await attempt(() => work(client))
    // A connection that cannot even roll back may still be busy with what failed.
    if ('error' in done) await client.query('ROLLBACK').catch(giveUp)
    return done
  }).catch(rethrow)
  if ('error' in outcome) throw outcome.error
  return outcome.value
}

function uncertain(): StoreUnavailableError {
  return new StoreUnavailableError('Postgres', 'whether it was stored is not known; read it again', true)
}

async function attempt<T>(
  work: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly error: unknown }> {
  try {
    return { value: await work() }
  } catch (error) {
    return { error }
  }
}

function rethrow(error: unknown): never {
  throw toStoreError(error)
}
