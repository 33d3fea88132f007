import { join, relative } from 'node:path'
import ts from 'typescript'
import { filesIn } from './check.ts'
import type { Outcome } from './check.ts'

/** The whole tree under `tsconfig.json`: sources, tests, tools and benchmarks. */
export async function checkTypes(root: string): Promise<Outcome> {
  return compile(root, 'tsconfig.json', filesIn(root, ['.ts', '.tsx']).filter(isTypedFile))
}

/** Domain and ports alone, where the compiler knows nothing but ECMAScript and `pure-globals.d.ts`. */
export async function checkPurity(root: string): Promise<Outcome> {
  const expected = [...filesIn(root, ['.ts'], 'src/domain'), ...filesIn(root, ['.ts'], 'src/ports')]
  const outcome = compile(root, 'tsconfig.pure.json', expected)
  const allowed = new Set([...expected, 'pure-globals.d.ts'])
  const intruders = outcome.seen.filter((file) => !allowed.has(file))
  const reasons = intruders.map((file) => `${file}: domain and ports pull it in`)
  return { ...outcome, problems: [...outcome.problems, ...reasons] }
}

function isTypedFile(file: string): boolean {
  return file !== 'pure-globals.d.ts' && !file.endsWith('next-env.d.ts')
}

function compile(root: string, configFile: string, expected: readonly string[]): Outcome {
  const configPath = join(root, configFile)
  const read: { config?: unknown; error?: ts.Diagnostic } = ts.readConfigFile(configPath, (path) =>
    ts.sys.readFile(path),
  )
  if (read.error !== undefined) return { seen: [], expected, problems: [describe(root, read.error)] }
  const parsed = ts.parseJsonConfigFileContent(read.config, ts.sys, root, undefined, configPath)
  const program = ts.createProgram({ rootNames: parsed.fileNames, options: parsed.options })
  const diagnostics = [...parsed.errors, ...ts.getPreEmitDiagnostics(program)]
  const libraries = program.getSourceFiles().filter((file) => !program.isSourceFileDefaultLibrary(file))
  return {
    seen: libraries.map((file) => relative(root, file.fileName)).filter((file) => isOwn(configFile, file)),
    expected,
    problems: diagnostics.map((diagnostic) => describe(root, diagnostic)),
  }
}

/** Packages count only where none may be seen. */
function isOwn(configFile: string, file: string): boolean {
  return configFile === 'tsconfig.pure.json' || !file.includes('node_modules')
}

function describe(root: string, { file, start, code, messageText }: ts.Diagnostic): string {
  const text = ts.flattenDiagnosticMessageText(messageText, ' ')
  if (file === undefined || start === undefined) return `TS${code}: ${text}`
  const { line } = file.getLineAndCharacterOfPosition(start)
  return `${relative(root, file.fileName)}:${line + 1}: ${text} (TS${code})`
}
