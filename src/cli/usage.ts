import type { Command } from './commands.ts'

/** Every command with what it takes and does. */
export function usageOfAll(commands: readonly Command[]): string {
  const lines = commands.flatMap(({ usage, summary }) => [`  ${usage}`, `      ${summary}`])
  return `integrations <command> [--json]\n\n${lines.join('\n')}\n\nConfigured by environment variables; see the operator's guide.\n`
}

/** What one command takes and does. */
export function usageOf({ usage, summary }: Command): string {
  return `integrations ${usage} [--json]\n\n${summary}\n`
}
