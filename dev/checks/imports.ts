import { existsSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, normalize } from 'node:path'
import ts from 'typescript'
import { filesIn } from './check.ts'
import type { Outcome } from './check.ts'
import { cyclesIn } from './cycles.ts'
import { layerOf, nodeHomes, packageHomes } from './layers.ts'

interface Import {
  readonly specifier: string
  readonly line: number
  /** Erased by the compiler: it binds two files for the reader, not at run time. */
  readonly isTypeOnly: boolean
}

/** Every import of `src` follows the table in `layers.ts`, and no values are imported in a circle. */
export async function checkImports(root: string): Promise<Outcome> {
  const files = filesIn(root, ['.ts', '.tsx'], 'src')
  const problems: string[] = []
  const values = new Map<string, string[]>()
  for (const file of files) {
    const imports = importsOf(file, readFileSync(join(root, file), 'utf8'))
    for (const one of imports) problems.push(...objections(root, file, one))
    const targets = imports.filter(({ specifier, isTypeOnly }) => specifier.startsWith('.') && !isTypeOnly)
    values.set(
      file,
      targets.map(({ specifier }) => targetOf(file, specifier)),
    )
  }
  const cycles = cyclesIn(values).map((cycle) => `${cycle.join(' → ')}: values are imported in a circle`)
  return { seen: files, expected: files, problems: [...problems, ...cycles] }
}

function objections(root: string, file: string, { specifier, line }: Import): string[] {
  const from = layerOf(file)
  if (from === undefined) return [`${file}: no row of the layer table owns this file`]
  const at = `${file}:${line}: ${from.name}`
  if (!specifier.startsWith('.')) return packageObjections(from.name, at, specifier)

  const target = targetOf(file, specifier)
  if (!existsSync(join(root, target))) return [`${at} imports ${specifier}, which does not exist`]
  if (!target.startsWith('src/')) {
    return target === 'package.json' ? [] : [`${at} imports ${target} from outside src`]
  }
  const to = layerOf(target)
  if (to === undefined || from.mayImport === 'everything' || to.name === from.name) return []
  return from.mayImport.includes(to.name) ? [] : [`${at} must not import ${to.name} (${target})`]
}

function packageObjections(layer: string, at: string, specifier: string): string[] {
  if (isBuiltin(specifier)) {
    if (!specifier.startsWith('node:')) return [`${at} imports ${specifier} without node:`]
    return layer === 'composition' || nodeHomes.test(layer) ? [] : [`${at} must not import ${specifier}`]
  }
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  const home = Object.hasOwn(packageHomes, name) ? packageHomes[name] : undefined
  if (home === undefined) return [`${at} imports ${name}, which users of this package do not get`]
  return layer === 'composition' || home.test(layer) ? [] : [`${at} must not import the package ${name}`]
}

function targetOf(file: string, specifier: string): string {
  return normalize(join(dirname(file), specifier))
}

function importsOf(file: string, text: string): Import[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const found: Import[] = []
  const visit = (node: ts.Node): void => {
    const named = namedBy(node)
    if (named !== undefined && ts.isStringLiteralLike(named.literal)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source))
      found.push({ specifier: named.literal.text, line: line + 1, isTypeOnly: named.isTypeOnly })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function namedBy(node: ts.Node): { literal: ts.Node; isTypeOnly: boolean } | undefined {
  if (ts.isImportDeclaration(node)) {
    return {
      literal: node.moduleSpecifier,
      isTypeOnly: node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword,
    }
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return { literal: node.moduleSpecifier, isTypeOnly: node.isTypeOnly }
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return { literal: node.argument.literal, isTypeOnly: true }
  }
  const [argument] = ts.isCallExpression(node) ? node.arguments : []
  if (
    ts.isCallExpression(node) &&
    node.expression.kind === ts.SyntaxKind.ImportKeyword &&
    argument !== undefined
  ) {
    // Evaluated later, when both modules stand: a circle through it is harmless, the direction still counts.
    return { literal: argument, isTypeOnly: true }
  }
  return undefined
}
