/** `error`: somebody should look. `warn`: something went wrong and is dealt with. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Where operators read. Fields are ids, codes and numbers; never a secret, never what a provider wrote. */
export interface Logger {
  log(level: LogLevel, message: string, fields?: Readonly<Record<string, string | number | boolean>>): void
}
