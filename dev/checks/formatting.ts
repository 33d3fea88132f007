import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { check, getFileInfo, resolveConfig } from 'prettier'
import { filesIn } from './check.ts'
import type { Outcome } from './check.ts'

const ENDINGS = ['.ts', '.tsx', '.js', '.mjs', '.json', '.md', '.css', '.html', '.yml', '.yaml']

/** Every file that Prettier knows is written as Prettier writes it. */
export async function checkFormatting(root: string): Promise<Outcome> {
  const expected = filesIn(root, ENDINGS).filter((file) => file !== 'package-lock.json')
  const seen: string[] = []
  const problems: string[] = []
  for (const file of expected) {
    const path = join(root, file)
    const { inferredParser } = await getFileInfo(path)
    if (inferredParser === null) continue
    const [text, config] = await Promise.all([readFile(path, 'utf8'), resolveConfig(path)])
    seen.push(file)
    if (!(await isFormatted(text, { ...config, filepath: path })))
      problems.push(`${file}: run npm run format`)
  }
  return { seen, expected, problems }
}

async function isFormatted(text: string, options: { filepath: string }): Promise<boolean> {
  try {
    return await check(text, options)
  } catch {
    // It does not even parse; the type check says where.
    return false
  }
}
