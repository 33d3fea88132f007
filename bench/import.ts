import { execFileSync } from 'node:child_process'
import type { Benchmark } from './report.ts'
import { median } from './rounds.ts'

const ROUNDS = 15

/** What the root loads of other people's. */
const DEPENDENCIES = ['reflect-metadata', 'inversify', 'zod', 'pg', 'ioredis', 'oauth4webapi', 'cockatiel']

/** How long a fresh process takes to import the root once its dependencies are loaded. */
export const benchImport: Benchmark = async () => {
  const root = new URL('../src/index.js', import.meta.url).href
  const taken = Array.from({ length: ROUNDS }, () => timed(root))
  const total = median(taken.map((one) => one.dependencies + one.root))
  return [
    {
      name: 'import',
      ratio: median(taken.map((one) => one.root)),
      target: { atMost: 100 },
      detail: `ms beyond its dependencies; ${total.toFixed(0)} ms with them`,
    },
  ]
}

function timed(root: string): { dependencies: number; root: number } {
  const script = `
    const startedAt = performance.now()
    for (const name of ${JSON.stringify(DEPENDENCIES)}) await import(name)
    const between = performance.now()
    await import(${JSON.stringify(root)})
    console.log(JSON.stringify({ dependencies: between - startedAt, root: performance.now() - between }))`
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  })
  const value: unknown = JSON.parse(printed)
  if (typeof value !== 'object' || value === null || !('root' in value) || !('dependencies' in value))
    throw new Error('the process that imports printed something else')
  return { dependencies: Number(value.dependencies), root: Number(value.root) }
}
