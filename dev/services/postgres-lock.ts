import { readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Removes the lock file of a server that is gone. Postgres itself only asks whether some process has the
 * number, and after a restart of the container some process usually has. A server that really runs on this
 * folder gets ten seconds to end, as its previous owner may just have died.
 */
export async function forgetDeadServer(data: string): Promise<void> {
  const lockFile = join(data, 'postmaster.pid')
  for (let turns = 0; turns < 100; turns += 1) {
    const pid = lockedBy(lockFile)
    if (pid === undefined) return
    if (!isServerOf(pid, data)) {
      rmSync(lockFile, { force: true })
      return
    }
    await delay(100)
  }
  throw new Error(`another process runs a Postgres server on ${data}: stop it first`)
}

function lockedBy(lockFile: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(lockFile, 'utf8'), 10)
  } catch {
    return undefined
  }
}

function isServerOf(pid: number, data: string): boolean {
  if (!Number.isInteger(pid)) return false
  if (process.platform === 'linux') {
    try {
      return readlinkSync(`/proc/${String(pid)}/cwd`) === realpathSync(data)
    } catch {
      // Gone, or another account's: of those only a Postgres server can be the one that left the lock.
      return commandName(pid) === 'postgres'
    }
  }
  const listed = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  return listed.stdout.includes(data)
}

function commandName(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${String(pid)}/comm`, 'utf8').trim()
  } catch {
    return undefined
  }
}
