import { IDS } from '../application/container/identifiers.ts'
import type { ProviderName } from '../domain/model/identifiers.ts'
import { defaultContainer } from '../root/default-container.ts'
import { refreshExpiringTokensJob } from '../root/job.ts'
import type { Command } from './commands.ts'
import { countOption, print, readOptions } from './options.ts'

const PROGRESS_EVERY = 1_000

export const refresh: Command = {
  name: 'refresh',
  usage: 'refresh [--concurrency N] [--limit N]',
  summary:
    'renews and verifies what is due, once; ends early at SIGTERM; fails where a connection failed or nothing is configured for it',
  async run(parameters) {
    const { json, values } = readOptions(parameters, { concurrency: 'string', limit: 'string' })
    let [done, isStopping] = [0, false]
    const stop = (): void => {
      isStopping = true
    }
    process.once('SIGINT', stop).once('SIGTERM', stop)
    const result = await refreshExpiringTokensJob.handler({
      concurrency: countOption(values, 'concurrency'),
      limit: countOption(values, 'limit'),
      onOutcome: () => {
        done += 1
        if (done % PROGRESS_EVERY === 0) process.stderr.write(`${String(done)} done\n`)
      },
      isStopping: () => isStopping,
    })
    process.off('SIGINT', stop).off('SIGTERM', stop)
    const left = await stillDue()
    const { total, refreshed, skipped, failed, errors } = result
    const summary = `${String(total)} due: ${String(refreshed)} refreshed, ${String(skipped)} skipped, ${String(failed)} failed`
    print(json, { ...result, stillDue: left }, [
      summary,
      ...errors.map((one) => `${one.tenantId} ${one.provider} ${one.label}: ${one.code ?? ''}`),
      ...left.map(({ connections, isConfigured, provider }) => {
        const why = isConfigured ? '' : `: ${provider} is not configured here`
        return `${String(connections)} of ${provider} still due${why}`
      }),
    ])
    return failed > 0 || left.some(({ isConfigured }) => !isConfigured) ? 1 : 0
  },
}

/** What this run left: for other processes, for later, or because nobody here can refresh it. */
async function stillDue(): Promise<
  readonly { readonly provider: ProviderName; readonly connections: number; readonly isConfigured: boolean }[]
> {
  const container = await defaultContainer()
  const configured = container.get(IDS.ProviderRegistry).names()
  const counts = await container.get(IDS.DueConnections).countDue(0)
  return [...counts].map(([provider, connections]) => {
    return { provider, connections, isConfigured: configured.includes(provider) }
  })
}
