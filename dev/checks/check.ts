import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'

/** What a check saw and found. A check that saw fewer files than there are is no check. */
export interface Outcome {
  readonly seen: readonly string[]
  readonly expected: readonly string[]
  readonly problems: readonly string[]
}

/** Looks at the repository in the folder `root`. */
export type Check = (root: string) => Promise<Outcome>

const GENERATED = new Set(['node_modules', 'dist', 'coverage', '.git', '.cache', '.demo', '.next'])

/** Files below `root` with one of these endings, by path relative to `root`; generated folders are left out. */
export function filesIn(root: string, endings: readonly string[], below = ''): string[] {
  const found: string[] = []
  const visit = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory() && !GENERATED.has(entry.name)) visit(path)
      if (entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
        found.push(relative(root, path))
    }
  }
  visit(join(root, below))
  return found.sort()
}

/** Everything that speaks against this outcome, its own blindness included. */
export function complaints({ seen, expected, problems }: Outcome): string[] {
  const known = new Set(seen)
  const unseen = expected.filter((file) => !known.has(file))
  const blind = seen.length === 0 || expected.length === 0 ? ['saw no file at all'] : []
  return [...problems, ...blind, ...unseen.map((file) => `${file}: was not looked at`)]
}
