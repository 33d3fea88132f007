import { format, parseArgs } from 'node:util'
import { printJson, printTable } from './report.ts'
import type { Benchmark } from './report.ts'

/** Loaded one at a time: what one benchmark imports must not weigh on another. */
const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  cipher: async () => (await import('./cipher.ts')).benchCipher,
  'get-access-token': async () => (await import('./get-access-token.ts')).benchGetAccessToken,
  import: async () => (await import('./import.ts')).benchImport,
  job: async () => (await import('./job.ts')).benchJob,
  kms: async () => (await import('./kms.ts')).benchKms,
  'one-refresh': async () => (await import('./one-refresh.ts')).benchOneRefresh,
  state: async () => (await import('./state.ts')).benchState,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, full: { type: 'boolean', default: false } },
})

const [name = '', ...rest] = positionals
const load = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined
if (load === undefined || rest.length > 0) {
  const names = Object.keys(BENCHMARKS).join(', ')
  process.stderr.write(`usage: npm run bench -- <name> [--json] [--full]\nnames: ${names}\n`)
  process.exitCode = 2
} else {
  const benchmark = await load()
  const note = (...words: unknown[]): void => void process.stderr.write(`${format(...words)}\n`)
  const results = await benchmark({ isFull: values.full, note })
  if (values.json) printJson(results)
  else printTable(name, results)
}
