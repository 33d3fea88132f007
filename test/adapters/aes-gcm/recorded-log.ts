import type { LogLevel, Logger } from '../../../src/ports/logger.ts'

/** A logger that keeps its lines as text. */
export class RecordedLog implements Logger {
  readonly lines: string[] = []

  log(level: LogLevel, message: string, fields?: Readonly<Record<string, string | number | boolean>>): void {
    this.lines.push(`${level}: ${message} ${JSON.stringify(fields ?? {})}`)
  }
}
