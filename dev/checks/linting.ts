import { relative } from 'node:path'
import { ESLint } from 'eslint'
import { filesIn } from './check.ts'
import type { Outcome } from './check.ts'

/** ESLint with `eslint.config.js`, warnings counted as errors. */
export async function checkLinting(root: string): Promise<Outcome> {
  const eslint = new ESLint({ cwd: root })
  const results = await eslint.lintFiles(['.'])
  const expected = filesIn(root, ['.ts', '.tsx', '.js']).filter((file) => !isDeclarationOnly(file))
  const problems = results.flatMap(({ filePath, messages }) =>
    messages.map(({ line, ruleId, message }) => {
      return `${relative(root, filePath)}:${line}: ${message} (${ruleId ?? 'not parsed'})`
    }),
  )
  return { seen: results.map(({ filePath }) => relative(root, filePath)), expected, problems }
}

function isDeclarationOnly(file: string): boolean {
  return file === 'pure-globals.d.ts' || file.endsWith('next-env.d.ts')
}
