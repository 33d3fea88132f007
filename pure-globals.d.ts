/**
 * The only names beyond ECMAScript that the domain and the ports may use. Only tsconfig.pure.json includes this file;
 * a line added here is a reviewed decision.
 */
declare class URL {
  constructor(url: string, base?: string)
  static canParse(url: string, base?: string): boolean
  readonly origin: string
  readonly username: string
  readonly password: string
}

declare class URLSearchParams {
  getAll(name: string): string[]
  toString(): string
}
