/** One row of the table in ARCHITECTURE.md: a part of the tree and what it may import. */
export interface Layer {
  readonly name: string
  readonly path: RegExp
  /** Names of layers; its own is always allowed. */
  readonly mayImport: readonly string[] | 'everything'
}

const inward = ['model', 'errors', 'ports']

/** The first row whose path matches owns the file. `$1` in a name is the folder that `path` captured. */
export const layers: readonly Layer[] = [
  { name: 'model', path: /^src\/domain\/model\//, mayImport: ['errors'] },
  { name: 'errors', path: /^src\/domain\/(errors|provider-failure)\.ts$/, mayImport: ['model'] },
  { name: 'services', path: /^src\/domain\/services\//, mayImport: inward },
  { name: 'ports', path: /^src\/ports\//, mayImport: ['model', 'errors'] },
  { name: 'composition', path: /^src\/application\/container\//, mayImport: 'everything' },
  {
    // Its types name the clients that a host may bring.
    name: 'config',
    path: /^src\/application\/config\//,
    mayImport: [...inward, 'services', 'adapters/postgres', 'adapters/redis'],
  },
  { name: 'application', path: /^src\/application\//, mayImport: [...inward, 'services', 'config'] },
  {
    name: 'providers',
    path: /^src\/adapters\/providers\/([^/]+\.ts$|(http|oauth2)\/)/,
    mayImport: inward,
  },
  { name: 'providers/$1', path: /^src\/adapters\/providers\/([^/]+)\//, mayImport: [...inward, 'providers'] },
  { name: 'adapters/$1', path: /^src\/adapters\/([^/]+)\//, mayImport: inward },
  {
    name: 'composition',
    path: /^src\/(index\.ts$|root\/|web\/|cli\/|emulator\/|testing\/)/,
    mayImport: 'everything',
  },
]

/** Which layers may import a package of `dependencies` or `peerDependencies`; composition may import all. */
export const packageHomes: Readonly<Record<string, RegExp>> = {
  '@aws-sdk/client-kms': /^adapters\/kms$/,
  '@opentelemetry/api': /^adapters\/opentelemetry$/,
  bullmq: /^adapters\/bullmq$/,
  cockatiel: /^(application|adapters\/.+)$/,
  inversify: /^none$/,
  ioredis: /^adapters\/redis$/,
  oauth4webapi: /^providers(\/.+)?$/,
  pg: /^adapters\/postgres$/,
  'reflect-metadata': /^none$/,
  zod: /^(config|adapters\/.+|providers(\/.+)?)$/,
}

/** Where `node:` modules are at home, beside composition. */
export const nodeHomes = /^(adapters\/.+|providers(\/.+)?|config)$/

/** The layer of a file of `src`, with its name filled in; nothing where no row matches. */
export function layerOf(file: string): { name: string; mayImport: Layer['mayImport'] } | undefined {
  for (const { name, path, mayImport } of layers) {
    const match = path.exec(file)
    if (match !== null) return { name: name.replace('$1', match[1] ?? ''), mayImport }
  }
  return undefined
}
