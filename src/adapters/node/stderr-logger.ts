import type { Logger, LogLevel } from '../../ports/logger.ts'

/** Writes what operators must see, one JSON object a line, to standard error; quieter levels are dropped. */
export class StderrLogger implements Logger {
  log(
    level: LogLevel,
    message: string,
    fields: Readonly<Record<string, string | number | boolean>> = {},
  ): void {
    if (level !== 'warn' && level !== 'error') return
    process.stderr.write(`${JSON.stringify({ level, message: `integrations: ${message}`, ...fields })}\n`)
  }
}
