import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import type { WorkerTask } from './worker-process.ts'

interface Child {
  readonly process: ChildProcess
  /** The first thing it said. */
  readonly greeting: unknown
}

export interface ProviderCounts {
  readonly requests: number
  readonly credentials: number
  readonly maxOfOne: number
}

export interface ProviderProcess {
  readonly url: string
  counts(): Promise<ProviderCounts>
  stop(): void
}

export interface WorkerProcess {
  run<T>(task: WorkerTask): Promise<T>
  stop(): void
}

export async function startProvider(delayMs: number): Promise<ProviderProcess> {
  const { process: child, greeting } = await start('provider-process.js', [String(delayMs)])
  return {
    url: (greeting as { url: string }).url,
    counts: () => ask<ProviderCounts>(child, 'counts'),
    stop: () => child.kill(),
  }
}

/** What the operator's guide says of a process that does nothing but refresh. */
const WORKER_MEMORY = '--max-old-space-size=96'

export async function startWorker(databaseUrl: string, providerUrl: string): Promise<WorkerProcess> {
  const { process: child } = await start('worker-process.js', [databaseUrl, providerUrl], [WORKER_MEMORY])
  return {
    run: async <T>(task: WorkerTask) => {
      const answer = await ask<{ value: T } | { error: string }>(child, task)
      if ('error' in answer) throw new Error(answer.error)
      return answer.value
    },
    stop: () => child.kill(),
  }
}

/** The benchmarks run compiled, so the files beside this one end in .js. */
async function start(
  file: string,
  args: readonly string[],
  execArgv: readonly string[] = [],
): Promise<Child> {
  const child = fork(new URL(file, import.meta.url), args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: [...execArgv],
  })
  return { process: child, greeting: await nextMessage(child) }
}

function ask<T>(child: ChildProcess, message: WorkerTask | string): Promise<T> {
  const answer = nextMessage(child) as Promise<T>
  child.send(message)
  return answer
}

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`a process ended with ${String(code)}`))
    child.once('exit', onExit)
    child.once('message', (message) => {
      child.off('exit', onExit)
      resolve(message)
    })
  })
}
