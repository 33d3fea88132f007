import { refreshExpiringTokensJob } from '../root/job.ts'
import type { Command } from './commands.ts'
import { countOption, print, readOptions } from './options.ts'

const PROGRESS_EVERY = 1_000

export const refresh: Command = {
  name: 'refresh',
  usage: 'refresh [--concurrency N] [--limit N]',
  summary: 'renews and verifies what is due, once',
  async run(parameters) {
    const { json, values } = readOptions(parameters, { concurrency: 'string', limit: 'string' })
    let done = 0
    const result = await refreshExpiringTokensJob.handler({
      concurrency: countOption(values, 'concurrency'),
      limit: countOption(values, 'limit'),
      onOutcome: () => {
        done += 1
        if (done % PROGRESS_EVERY === 0) process.stderr.write(`${String(done)} done\n`)
      },
    })
    const { total, refreshed, skipped, failed, errors } = result
    const summary = `${String(total)} due: ${String(refreshed)} refreshed, ${String(skipped)} skipped, ${String(failed)} failed`
    print(json, result, [
      summary,
      ...errors.map((one) => `${one.tenantId} ${one.provider} ${one.label}: ${one.code ?? ''}`),
    ])
    return failed > 0 ? 1 : 0
  },
}
