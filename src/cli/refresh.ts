import { defaultContainer } from '../root/default-container.ts'
import { refreshExpiringTokensJob } from '../root/job.ts'
import type { Command } from './commands.ts'
import { interruptible } from './interruption.ts'
import { countOption, print, readOptions } from './options.ts'
import { dueByPlatform } from './overdue.ts'
import type { DueOfPlatform } from './overdue.ts'

const PROGRESS_EVERY = 1_000

export const refresh: Command = {
  name: 'refresh',
  usage: 'refresh [--concurrency N] [--limit N]',
  summary: 'renews and verifies what is due, once; SIGTERM ends it early; says what is still due',
  async run(parameters) {
    const { json, values } = readOptions(parameters, { concurrency: 'string', limit: 'string' })
    let done = 0
    const result = await interruptible((signal) =>
      refreshExpiringTokensJob.handler({
        concurrency: countOption(values, 'concurrency'),
        limit: countOption(values, 'limit'),
        onOutcome: () => {
          done += 1
          if (done % PROGRESS_EVERY === 0) process.stderr.write(`${String(done)} done\n`)
        },
        isStopping: () => signal.aborted,
      }),
    )
    // The run is told of even where this cannot be.
    const left = await dueByPlatform(await defaultContainer()).catch(() => undefined)
    const { total, refreshed, skipped, failed, errors } = result
    const summary = `${String(total)} due: ${String(refreshed)} refreshed, ${String(skipped)} skipped, ${String(failed)} failed`
    print(json, { ...result, stillDue: left ?? null }, [
      summary,
      ...errors.map((one) => `${one.tenantId} ${one.provider} ${one.label}: ${one.code ?? ''}`),
      ...(left?.map(describe) ?? ['What is still due could not be counted.']),
    ])
    const isWell = left?.every(({ isConfigured, overdue }) => isConfigured || overdue === 0) ?? false
    return failed === 0 && isWell ? 0 : 1
  },
}

function describe({ provider, due, overdue, isConfigured }: DueOfPlatform): string {
  const since = overdue === 0 ? '' : `, ${String(overdue)} of them for more than an hour`
  return `${provider}: ${String(due)} still due${since}${isConfigured ? '' : '; it is not configured here'}`
}
