import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** Whom a service runs as; absent means: as ourselves. */
export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** How to start a service and how to end it. */
export interface ServiceCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly logFile: string
  readonly stopSignal: NodeJS.Signals
  readonly account?: Account | undefined
  /** Removed once the service has ended, however that came about. */
  readonly temporaryFolder?: string | undefined
}

/** A running service that does not outlive this process. */
export interface OwnedProcess {
  readonly pid: number
  hasExited(): boolean
  /** What the service printed lately, for an error that explains itself. */
  log(): string
  /** Sends a signal to the service itself. */
  signal(signal: NodeJS.Signals): void
  /** Ends the service with `signal`, by force after ten seconds, and removes its temporary folder. */
  end(signal: NodeJS.Signals): Promise<void>
}

/*
 * Waits on a pipe that only the parent holds: whatever ends the parent, SIGKILL included, closes the pipe.
 * Handlers for 'exit' or signals in the parent would miss the SIGKILL and get in the way of the host's own.
 */
const WATCHDOG = `
cat >/dev/null
kill -s "$2" "$1" 2>/dev/null
turns=0
while kill -0 "$1" 2>/dev/null && [ "$turns" -lt 100 ]; do sleep 0.1; turns=$((turns + 1)); done
kill -s KILL "$1" 2>/dev/null
[ -z "$3" ] || rm -rf -- "$3"
`

/** Starts a service in its own process group, tied to the life of this process. */
export function spawnOwned(service: ServiceCommand): OwnedProcess {
  const log = openSync(service.logFile, 'a')
  const child = spawn(service.command, service.args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...service.env },
    ...(service.account === undefined ? {} : { uid: service.account.uid, gid: service.account.gid }),
    cwd: '/',
  })
  closeSync(log)
  child.on('error', () => undefined)
  child.unref()
  const pid = child.pid
  if (pid === undefined) throw new Error(`could not run ${service.command}`)
  const watchdog = watch(pid, service)
  return {
    pid,
    hasExited: () => hasExited(child),
    log: () => readFileSync(service.logFile, 'utf8').slice(-2_000),
    signal: (signal) => {
      child.kill(signal)
    },
    end: (signal) => end(child, watchdog, signal),
  }
}

function watch(pid: number, service: ServiceCommand): ChildProcess {
  const args = [String(pid), service.stopSignal.replace(/^SIG/, ''), service.temporaryFolder ?? '']
  const watchdog = spawn('sh', ['-c', WATCHDOG, 'watchdog', ...args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
  })
  watchdog.on('error', () => undefined)
  watchdog.unref()
  return watchdog
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

async function end(child: ChildProcess, watchdog: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal)
  // A paused service gets no signal but SIGKILL until it is continued.
  child.kill('SIGCONT')
  for (let turns = 0; turns < 500 && !hasExited(child); turns += 1) await delay(20)
  if (!hasExited(child)) child.kill('SIGKILL')
  watchdog.stdin?.end()
  for (let turns = 0; turns < 500 && !hasExited(watchdog); turns += 1) await delay(10)
}
