import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'

/** One file of the package's `migrations` folder. */
export interface Migration {
  /** The number that its name begins with. */
  readonly version: number
  readonly name: string
  readonly sql: string
  /** SHA-256 of the file, whatever line endings a checkout gave it. */
  readonly checksum: string
}

/** Beside `src` and beside `dist`. */
export const PACKAGED_MIGRATIONS = new URL('../../../migrations/', import.meta.url)

/** The migrations of a folder, lowest version first. */
export async function readMigrations(folder: URL): Promise<readonly Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{3}_[a-z0-9_]+\.sql$/.test(name)).sort()
  return Promise.all(
    names.map(async (name) => {
      const sql = (await readFile(new URL(name, folder), 'utf8')).replaceAll('\r\n', '\n')
      const checksum = createHash('sha256').update(sql, 'utf8').digest('hex')
      return { version: Number(name.slice(0, 3)), name, sql, checksum }
    }),
  )
}
