import { IDS } from '../src/application/container/identifiers.ts'
import { parseTenantId } from '../src/domain/model/identifiers.ts'
import { benchContainer } from './container.ts'

/** What a worker is told to do. */
export type WorkerTask =
  | { readonly kind: 'job'; readonly concurrency: number }
  | { readonly kind: 'ask'; readonly tenantId: string; readonly callers: number }

/*
 * One process of a host: it has a container over the database and the provider that are given as arguments, and does
 * what it is told to. It says when it is ready, and what came of each task.
 */
const [databaseUrl = '', providerUrl = ''] = process.argv.slice(2)
const container = benchContainer({ databaseUrl, providerUrl })

async function run(task: WorkerTask): Promise<unknown> {
  if (task.kind === 'job') {
    const result = await container.get(IDS.RefreshDueConnections).run({ concurrency: task.concurrency })
    return { ...result, peakRssMb: process.resourceUsage().maxRSS / 1_024 }
  }
  const key = { tenantId: parseTenantId(task.tenantId), provider: 'google_ads', label: 'default' }
  const tokens = container.get(IDS.AccessTokens)
  const answers = await Promise.all(
    Array.from({ length: task.callers }, async () => {
      const token = await tokens.get(key)
      return { token: token.reveal(), at: Date.now() }
    }),
  )
  return {
    tokens: [...new Set(answers.map(({ token }) => token))],
    lastAt: Math.max(...answers.map(({ at }) => at)),
  }
}

process.on('message', (task: WorkerTask) => {
  run(task).then(
    (value) => process.send?.({ value }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : 'failed' }),
  )
})
process.on('disconnect', () => process.exit())
// The pool and the lane are opened before anything is measured.
await container.get(IDS.DueConnections).countDue(0)
await container
  .get(IDS.TokenStore)
  .read({ tenantId: parseTenantId('nobody'), provider: 'google_ads', label: 'default' })
process.send?.({ isReady: true })
