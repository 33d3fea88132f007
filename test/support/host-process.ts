import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { IntegrationsConfigInput } from '../../src/application/config/integrations-config.ts'

/**
 * Where refreshes can be made to stop, for a test to end their process there. At `headers` the process only says that it
 * is there: what holds it is the platform, which sends no more.
 */
export type Failpoint = 'claim' | 'preflight' | 'headers' | 'body' | 'store.begin'

export interface HostOptions {
  readonly failpoint?: Failpoint | undefined
  /** How many times as fast as usual leases end and waits pass in it. */
  readonly speed?: number | undefined
  /** Has run for a while: its pool has connections, which many that open at once may wait for longer than an answer may take. */
  readonly hasConnections?: boolean | undefined
}

export interface HostCommand {
  readonly tenantId: string
  readonly provider: string
  readonly do: 'token' | 'due' | 'close'
  readonly times?: number
}

/** What a command came to: tokens, or the code of the error. */
export type HostAnswer = { readonly tokens: readonly string[] } | { readonly code: string }

/** What is said between the two processes. */
export type HostMessage =
  | { readonly id: number; readonly command: HostCommand }
  | { readonly id: number; readonly answer: HostAnswer }
  | { readonly reached: Failpoint }

/** A process of a host that embeds the library; it uses only what a host can. Told to end, it closes its container. */
export interface HostProcess {
  ask(command: HostCommand): Promise<HostAnswer>
  /** Resolves when that many refreshes of the process stand at its failpoint. */
  reached(refreshes?: number): Promise<void>
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): Promise<void>
  /** Resolves with its exit code; `null` when a signal ended it. */
  exited(): Promise<number | null>
  close(): Promise<void>
}

/** Starts one, ready to be asked. Its refreshes stand still for ever at `failpoint`, if one is named. */
export async function startHostProcess(
  config: IntegrationsConfigInput,
  options: HostOptions = {},
): Promise<HostProcess> {
  const child = fork(new URL('./host-process-main.ts', import.meta.url), {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ending = exitOf(child).then((code) => {
    throw new Error(`The process ended with ${code} before it was ready`)
  })
  child.send({ config, options })
  await Promise.race([once(child, 'message'), ending])
  ending.catch(() => undefined)
  const waiting = new Map<number, (answer: HostAnswer) => void>()
  const failpoint = watchFailpoint(child)
  child.on('message', (message: HostMessage) => {
    if (!('answer' in message)) return
    waiting.get(message.id)?.(message.answer)
    waiting.delete(message.id)
  })
  child.once('exit', () => {
    for (const resolve of waiting.values()) resolve({ code: 'process_ended' })
  })
  let asked = 0
  return {
    ask: (command) =>
      new Promise((resolve) => {
        asked += 1
        waiting.set(asked, resolve)
        child.send({ id: asked, command } satisfies HostMessage)
      }),
    reached: failpoint,
    signal: async (name) => {
      const isOver = name === 'SIGKILL' ? exitOf(child) : undefined
      child.kill(name)
      await isOver
    },
    exited: () => exitOf(child),
    close: async () => {
      const isOver = exitOf(child)
      if (child.connected) child.disconnect()
      child.kill('SIGKILL')
      await isOver
    },
  }
}

/** Counts who stands there, until a refresh comes through or the process ends. */
function watchFailpoint(child: ChildProcess): HostProcess['reached'] {
  let standing = 0
  let trouble: Error | undefined
  child.on('message', (message: HostMessage) => {
    if ('reached' in message) standing += 1
    else trouble ??= new Error(`It came to an end before its failpoint: ${JSON.stringify(message)}`)
    child.emit('standing')
  })
  child.once('exit', () => {
    trouble ??= new Error('It ended before its failpoint')
    child.emit('standing')
  })
  return async (refreshes = 1) => {
    while (standing < refreshes) {
      if (trouble !== undefined) throw trouble
      await once(child, 'standing')
    }
  }
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}
