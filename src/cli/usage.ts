import { commands } from './commands.ts'

export function printUsage(out: NodeJS.WritableStream): void {
  const width = Math.max(...commands.map(({ usage }) => usage.length))
  const lines = commands.map(({ usage, summary }) => `  ${usage.padEnd(width)}  ${summary}`)
  out.write(
    `integrations <command> [--json]\n\n${lines.join('\n')}\n\nConfigured by environment variables; see the operator's guide.\n`,
  )
}
