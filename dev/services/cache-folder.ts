import { accessSync, chmodSync, constants, lstatSync, mkdirSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'

/** A folder of this user that survives, for what is costly to fetch: `~/.cache`, else one of our own. */
export function userCacheFolder(): string {
  const home = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const candidates = [join(home, 'cgk-integrations'), sharedCacheFolder()]
  for (const folder of candidates) {
    if (isWritable(folder)) return folder
  }
  throw new Error(`none of these folders can be written: ${candidates.join(', ')}`)
}

/**
 * A folder that other accounts may read but only this user writes: binaries and data of a server that
 * root starts as somebody else cannot stay under a home with mode 700.
 */
export function sharedCacheFolder(): string {
  const uid = userInfo().uid
  const folder = `/var/tmp/cgk-integrations-${String(uid)}`
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const stat = lstatSync(folder)
  // Anybody may create names in /var/tmp: what we did not make we do not run.
  if (!stat.isDirectory() || stat.uid !== uid || (stat.mode & 0o022) !== 0) {
    throw new Error(`${folder} belongs to somebody else or is writable by others: remove it`)
  }
  // mkdir obeys the umask, which may have closed it to the account that runs the server.
  chmodSync(folder, 0o755)
  return folder
}

function isWritable(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}
