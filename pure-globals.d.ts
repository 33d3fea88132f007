// What the domain and the ports may name beyond ECMAScript. Only tsconfig.pure.json includes this file,
// and a line added here is a decision: the names must exist on every runtime and do no I/O.

interface URLSearchParams {
  get(name: string): string | null
  getAll(name: string): string[]
  has(name: string): boolean
  set(name: string, value: string): void
  append(name: string, value: string): void
  delete(name: string): void
  keys(): IterableIterator<string>
  values(): IterableIterator<string>
  entries(): IterableIterator<[string, string]>
  forEach(visit: (value: string, name: string) => void): void
  toString(): string
  [Symbol.iterator](): IterableIterator<[string, string]>
}
declare const URLSearchParams: {
  new (init?: string | Record<string, string> | Iterable<[string, string]>): URLSearchParams
  readonly prototype: URLSearchParams
}

interface URL {
  readonly origin: string
  readonly searchParams: URLSearchParams
  href: string
  protocol: string
  username: string
  password: string
  host: string
  hostname: string
  port: string
  pathname: string
  search: string
  hash: string
  toString(): string
}
declare const URL: {
  new (url: string | URL, base?: string | URL): URL
  readonly prototype: URL
  canParse(url: string, base?: string): boolean
}

interface AbortSignal {
  readonly aborted: boolean
  readonly reason: unknown
  throwIfAborted(): void
}
