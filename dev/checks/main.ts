import { complaints } from './check.ts'
import type { Check } from './check.ts'
import { checkFormatting } from './formatting.ts'
import { checkImports } from './imports.ts'
import { checkLinting } from './linting.ts'
import { checkPurity, checkTypes } from './types.ts'

const checks: Readonly<Record<string, Check>> = {
  formatting: checkFormatting,
  imports: checkImports,
  purity: checkPurity,
  types: checkTypes,
  linting: checkLinting,
}

const root = process.cwd()
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !Object.hasOwn(checks, name))
if (unknown.length > 0) throw new Error(`no check is called ${unknown.join(', ')}`)

for (const [name, check] of Object.entries(checks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const outcome = await check(root)
  const found = complaints(outcome)
  for (const complaint of found) console.error(`  ${complaint}`)
  const verdict = found.length === 0 ? 'ok' : `${found.length} problems`
  console.log(`${name}: ${outcome.seen.length} of ${outcome.expected.length} files, ${verdict}`)
  if (found.length > 0) process.exitCode = 1
}
