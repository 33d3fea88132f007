import { IDS } from '../application/container/identifiers.ts'
import type { ProviderName } from '../domain/model/identifiers.ts'
import { defaultContainer } from '../root/default-container.ts'
import { refreshExpiringTokensJob } from '../root/job.ts'
import type { Command } from './commands.ts'
import { countOption, print, readOptions } from './options.ts'
import { OVERDUE_MS } from './overdue.ts'

const PROGRESS_EVERY = 1_000

export const refresh: Command = {
  name: 'refresh',
  usage: 'refresh [--concurrency N] [--limit N]',
  summary: 'renews and verifies what is due, once; SIGTERM ends it early; says what is still due',
  async run(parameters) {
    const { json, values } = readOptions(parameters, { concurrency: 'string', limit: 'string' })
    const interruption = new AbortController()
    const interrupt = (): void => interruption.abort()
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
    let done = 0
    try {
      const result = await refreshExpiringTokensJob.handler({
        concurrency: countOption(values, 'concurrency'),
        limit: countOption(values, 'limit'),
        onOutcome: () => {
          done += 1
          if (done % PROGRESS_EVERY === 0) process.stderr.write(`${String(done)} done\n`)
        },
        isStopping: () => interruption.signal.aborted,
      })
      // The run is told of even where this cannot be.
      const left = await stillDue().catch(() => undefined)
      const { total, refreshed, skipped, failed, errors } = result
      const summary = `${String(total)} due: ${String(refreshed)} refreshed, ${String(skipped)} skipped, ${String(failed)} failed`
      print(json, { ...result, stillDue: left ?? null }, [
        summary,
        ...errors.map((one) => `${one.tenantId} ${one.provider} ${one.label}: ${one.code ?? ''}`),
        ...(left?.map(describe) ?? ['What is still due could not be counted.']),
      ])
      const isWell = left?.every(({ isConfigured, overdue }) => isConfigured || overdue === 0) ?? false
      return failed === 0 && isWell ? 0 : 1
    } finally {
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
    }
  },
}

/** What a run left of one platform: for other processes, for later, or because nobody here can refresh it. */
interface StillDue {
  readonly provider: ProviderName
  readonly due: number
  /** Of these, how many have been due for more than an hour. */
  readonly overdue: number
  readonly isConfigured: boolean
}

async function stillDue(): Promise<readonly StillDue[]> {
  const container = await defaultContainer()
  const configured = container.get(IDS.ProviderRegistry).names()
  const connections = container.get(IDS.DueConnections)
  const [due, overdue] = [await connections.countDue(0), await connections.countDue(OVERDUE_MS)]
  return [...due].map(([provider, count]) => {
    return {
      provider,
      due: count,
      overdue: overdue.get(provider) ?? 0,
      isConfigured: configured.includes(provider),
    }
  })
}

function describe({ provider, due, overdue, isConfigured }: StillDue): string {
  const since = overdue === 0 ? '' : `, ${String(overdue)} of them for more than an hour`
  return `${provider}: ${String(due)} still due${since}${isConfigured ? '' : '; it is not configured here'}`
}
