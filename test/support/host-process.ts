import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { IntegrationsConfigInput } from '../../src/application/config/integrations-config.ts'

/** Where a process can be made to stop dead, for a test to kill it there. */
export type Failpoint = 'claim' | 'preflight' | 'send' | 'response' | 'store.begin' | 'store.commit'

export interface HostCommand {
  readonly tenantId: string
  readonly provider: string
  readonly do: 'token' | 'due' | 'close'
  readonly times?: number
}

/** What a command came to: tokens, or the code of the error. */
export type HostAnswer =
  { readonly tokens: readonly string[] } | { readonly code: string } | { readonly reached: Failpoint }

/** A process of a host that embeds the library; it uses only what a host can. */
export interface HostProcess {
  ask(command: HostCommand): Promise<HostAnswer>
  /** Resolves when the process stands at its failpoint. */
  reached(): Promise<void>
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>
  close(): Promise<void>
}

/** Starts one, ready to be asked. It stands still for ever at `failpoint`, if one is named. */
export async function startHostProcess(
  config: IntegrationsConfigInput,
  failpoint?: Failpoint,
): Promise<HostProcess> {
  const child = fork(new URL('./host-process-main.ts', import.meta.url), {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  child.send({ config, failpoint })
  await once(child, 'message')
  const waiting: ((answer: HostAnswer) => void)[] = []
  const atFailpoint = new Promise<void>((resolve, reject) => {
    child.on('message', (answer: HostAnswer) => {
      if ('reached' in answer) resolve()
      else {
        reject(new Error(`It came to an end before its failpoint: ${JSON.stringify(answer)}`))
        waiting.shift()?.(answer)
      }
    })
    child.once('exit', () => reject(new Error('It ended before its failpoint')))
  })
  atFailpoint.catch(() => undefined)
  return {
    ask: (command) =>
      new Promise((resolve) => {
        waiting.push(resolve)
        child.send(command)
      }),
    reached: () => atFailpoint,
    signal: async (name) => {
      const isOver = name === 'SIGKILL' ? exitOf(child) : undefined
      child.kill(name)
      await isOver
    },
    close: async () => {
      const isOver = exitOf(child)
      if (child.connected) child.disconnect()
      child.kill('SIGKILL')
      await isOver
    },
  }
}

async function exitOf(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}
