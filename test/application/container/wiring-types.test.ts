import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { afterAll, expect, test } from 'vitest'

const nursery = join(process.cwd(), '.cache')
mkdirSync(nursery, { recursive: true })
const folder = mkdtempSync(join(nursery, 'wiring-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** What the compiler says to a module that binds over the real identifiers, naming its dependencies in this order. */
function complaintsAbout(dependencies: string): string[] {
  const file = join(folder, 'module.ts')
  writeFileSync(
    file,
    `import { ContainerModule } from 'inversify'
import { IDS } from '../../src/application/container/identifiers.ts'
import { GrantService } from '../../src/domain/services/grant-service.ts'

export const module: ContainerModule = new ContainerModule(({ bind }) => {
  bind(IDS.GrantService)
    .toResolvedValue(
      (tokens, cipher, revocations, random, clock) =>
        new GrantService({ tokens, cipher, revocations, random, clock }),
      [${dependencies}],
    )
    .inSingletonScope()
})
`,
  )
  const config = ts.getParsedCommandLineOfConfigFile('tsconfig.json', undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: () => undefined,
  })
  const program = ts.createProgram({ rootNames: [file], options: config?.options ?? {} })
  const source = program.getSourceFile(file)
  if (source === undefined) throw new Error('the compiler did not see the module')
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
    ({ code }) => `TS${String(code)}`,
  )
}

test('a module that names its dependencies in order compiles', () => {
  expect(
    complaintsAbout('IDS.TokenStore, IDS.Cipher, IDS.RevocationService, IDS.RandomSource, IDS.Clock'),
  ).toEqual([])
})

test.each([
  ['the first two', 'IDS.Cipher, IDS.TokenStore, IDS.RevocationService, IDS.RandomSource, IDS.Clock'],
  ['the last two', 'IDS.TokenStore, IDS.Cipher, IDS.RevocationService, IDS.Clock, IDS.RandomSource'],
])('a module that swaps %s of its dependencies does not compile', (_which, dependencies) => {
  expect(complaintsAbout(dependencies)).not.toEqual([])
})
