import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { filesIn } from './check.ts'
import type { Outcome } from './check.ts'

const FORBIDDEN_MODULES = new Set([
  'child_process',
  'cluster',
  'inspector',
  'module',
  'repl',
  'vm',
  'worker_threads',
])
const FILE_MODULES = new Set(['fs', 'fs/promises'])
const FILE_READS = new Set([
  'readFile',
  'readFileSync',
  'readdir',
  'readdirSync',
  'existsSync',
  'stat',
  'statSync',
])
const EVALUATORS = new Set(['eval', 'Function', 'require'])

/** Where the addresses of platforms are at home. The emulator plays them, so it names them; it calls nobody. */
const HOST_HOMES = /^(adapters\/providers|emulator)\//

/** Names that can never be somebody's (RFC 2606), and this machine. */
const NOBODY = /(^|\.)(localhost|test|invalid|example|example\.(com|net|org))$|^127\.0\.0\.1$|^\[::1\]$/

/**
 * What a build in the folder `dist` must not do: evaluate text, start processes, load a module that only running it
 * tells, write files, or know a network host that is no platform's.
 */
export function checkPublishedCode(dist: string): Outcome {
  const files = filesIn(dist, ['.js'])
  const problems = files.flatMap((file) => objections(file, readFileSync(join(dist, file), 'utf8')))
  return { seen: files, expected: files, problems }
}

function objections(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    for (const what of [evaluation(node), moduleUse(node), foreignHost(file, node)]) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source))
      if (what !== undefined) found.push(`${file}:${line + 1}: ${what}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function evaluation(node: ts.Node): string | undefined {
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return undefined
  const { expression } = node
  if (expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [specifier] = node.arguments ?? []
    return specifier !== undefined && ts.isStringLiteral(specifier)
      ? undefined
      : 'imports what only running tells'
  }
  const name = ts.isPropertyAccessExpression(expression)
    ? globalMember(expression)
    : ts.isIdentifier(expression)
      ? expression.text
      : undefined
  if (name !== undefined && EVALUATORS.has(name)) return `calls ${name}`
  return undefined
}

/** `globalThis.eval` is `eval`; `client.eval` is a command of Redis. */
function globalMember({ expression, name }: ts.PropertyAccessExpression): string | undefined {
  return ts.isIdentifier(expression) && ['globalThis', 'global'].includes(expression.text)
    ? name.text
    : undefined
}

function moduleUse(node: ts.Node): string | undefined {
  if (
    ts.isPropertyAccessExpression(node) &&
    /^process\.(binding|dlopen|getBuiltinModule)$/.test(node.getText())
  )
    return `uses ${node.getText()}`
  const specifier =
    ts.isImportDeclaration(node) || ts.isExportDeclaration(node) ? node.moduleSpecifier : undefined
  if (specifier === undefined || !ts.isStringLiteral(specifier)) return undefined
  const name = specifier.text.replace(/^node:/, '')
  if (FORBIDDEN_MODULES.has(name)) return `imports ${specifier.text}`
  if (!FILE_MODULES.has(name)) return undefined
  const bindings = ts.isImportDeclaration(node) ? node.importClause?.namedBindings : undefined
  if (bindings === undefined || !ts.isNamedImports(bindings)) return `imports all of ${specifier.text}`
  const writes = bindings.elements
    .map((element) => (element.propertyName ?? element.name).text)
    .filter((imported) => !FILE_READS.has(imported))
  return writes.length === 0 ? undefined : `imports ${writes.join(', ')} of ${specifier.text}`
}

function foreignHost(file: string, node: ts.Node): string | undefined {
  const isText = ts.isStringLiteralLike(node) || ts.isTemplateHead(node)
  const host = isText ? /^(?:https?|wss?):\/\/([^/:?#\s]+)/.exec(node.text)?.[1] : undefined
  // A pattern of a content security policy is no address.
  if (host === undefined || host.startsWith('*.')) return undefined
  if (NOBODY.test(host) || HOST_HOMES.test(file)) return undefined
  return `knows the host ${host}`
}
