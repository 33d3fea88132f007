import js from '@eslint/js'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

const pure = ['src/domain/**/*.ts', 'src/ports/**/*.ts']
const impureGlobals = [
  'Date',
  'Intl',
  'process',
  'console',
  'globalThis',
  'global',
  'Buffer',
  'fetch',
  'performance',
]
const timers = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'crypto', 'eval', 'Function']

const everywhere = [
  { selector: 'ExportAllDeclaration', message: 'Name what is exported.' },
  { selector: 'TSAsExpression > TSAsExpression', message: 'Parse or narrow instead of casting twice.' },
  { selector: 'TSAsExpression > TSUnknownKeyword', message: 'Annotate the variable instead.' },
  {
    selector: 'ImportSpecifier[importKind="type"], ExportSpecifier[exportKind="type"]',
    message: 'Types have a statement of their own: import type { … }.',
  },
]
const noDefaultExport = { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' }
const noMocks = [
  {
    selector:
      'CallExpression[callee.object.name="vi"][callee.property.name=/^(mock|doMock|hoisted|stubGlobal)$/]',
    message: 'No module mocks: hand the thing in, or run the real one on loopback.',
  },
  {
    selector:
      'MemberExpression[object.name=/^(test|it|describe)$/][property.name=/^(only|skip|todo|skipIf|runIf)$/]',
    message: 'Every test runs, always.',
  },
]

export default defineConfig(
  globalIgnores([
    'dist/',
    'coverage/',
    '.cache/',
    '.demo/',
    '**/.next/',
    '**/next-env.d.ts',
    'pure-globals.d.ts',
  ]),
  js.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['*.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      'no-undef': 'off',
      // Control characters in a pattern are what input is refused for.
      'no-control-regex': 'off',
      eqeqeq: 'error',
      'max-lines': ['error', 400],
      'no-restricted-syntax': ['error', ...everywhere],
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'], location: 'start' }],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: true }],
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'as' }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // An async method without await still turns a throw into a rejection, which is what ports promise.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['src/**/*.ts', 'dev/**/*.ts', 'bench/**/*.ts'],
    rules: {
      'max-lines-per-function': ['error', 60],
      'max-params': ['error', 4],
      'no-restricted-syntax': ['error', ...everywhere, noDefaultExport],
    },
  },
  {
    // Tables of bindings: what a service takes is as long as it is.
    files: ['src/application/container/*-module.ts'],
    rules: { 'max-params': 'off', 'max-lines-per-function': ['error', 110] },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**'],
    rules: { 'no-console': 'error' },
  },
  {
    files: pure,
    linterOptions: { noInlineConfig: true },
    rules: {
      'no-restricted-globals': ['error', ...impureGlobals, ...timers],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Use RandomSource.' },
      ],
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^[^.]', message: 'No packages and no node: modules here, types included.' }] },
      ],
      'no-restricted-syntax': [
        'error',
        ...everywhere,
        noDefaultExport,
        { selector: 'ImportExpression', message: 'No dynamic imports here.' },
        { selector: 'TSImportType', message: 'Import types by name, from the model.' },
        { selector: 'MetaProperty[meta.name="import"]', message: 'The module does not know where it is.' },
        {
          selector: 'TSModuleDeclaration[kind="global"]',
          message: 'Globals are listed in pure-globals.d.ts.',
        },
      ],
      '@typescript-eslint/triple-slash-reference': ['error', { lib: 'never', path: 'never', types: 'never' }],
    },
  },
  {
    files: ['test/**/*.{ts,tsx}'],
    rules: { 'no-restricted-syntax': ['error', ...everywhere, ...noMocks] },
  },
  {
    // `cleanUps.push(server.stop)`: the doubles and services of the tests are closures.
    files: ['test/**/*.{ts,tsx}', 'src/testing/**/*.ts'],
    rules: { '@typescript-eslint/unbound-method': 'off' },
  },
)
