import { spawnSync } from 'node:child_process'
import type { Account } from './owned-process.ts'

/** The account for a server that refuses root: `postgres`, else `nobody`; nothing when we are not root. */
export function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ['postgres', 'nobody']) {
    const account = lookUp(name)
    if (account !== undefined) return account
  }
  throw new Error('Postgres refuses to run as root, and there is neither a user "postgres" nor "nobody"')
}

/** Whether a command ends well when this account runs it. */
export function runsAs(account: Account | undefined, command: string, args: readonly string[]): boolean {
  const identity = account === undefined ? {} : { uid: account.uid, gid: account.gid }
  return spawnSync(command, args, { ...identity, cwd: '/', stdio: 'ignore' }).status === 0
}

function lookUp(name: string): Account | undefined {
  const [uid, gid] = ['-u', '-g'].map((flag) => {
    const answer = spawnSync('id', [flag, name], { encoding: 'utf8' })
    return answer.status === 0 ? Number(answer.stdout.trim()) : Number.NaN
  })
  if (uid === undefined || gid === undefined || !Number.isInteger(uid) || !Number.isInteger(gid))
    return undefined
  return { name, uid, gid }
}
