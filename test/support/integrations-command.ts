import { vi } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { closeIntegrations } from '../../src/root/default-container.ts'
import type { LoopbackKms } from '../../src/testing/loopback-kms/start-loopback-kms.ts'

export interface EndedCommand {
  readonly code: number
  readonly printed: string
}

const OURS = /^(META|GOOGLE_ADS|TIKTOK|KLAVIYO|INTEGRATIONS?|NEXT_PUBLIC|DATABASE|REDIS|PG|AWS)_?/

/**
 * Runs a command of `integrations` to its end, with these of the variables that it heeds and no others. Rejects with what
 * the command does; one at a time.
 */
export async function integrations(
  [name, ...parameters]: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<EndedCommand> {
  const command = commands.find((one) => one.name === name)
  if (command === undefined) throw new Error('There is no such command')
  for (const each of Object.keys(process.env)) if (OURS.test(each)) vi.stubEnv(each, undefined)
  for (const [each, value] of Object.entries(variables)) vi.stubEnv(each, value)
  let printed = ''
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    printed += String(chunk)
    return true
  })
  try {
    return { code: await command.run(parameters), printed }
  } finally {
    await closeIntegrations()
    write.mockRestore()
    vi.unstubAllEnvs()
  }
}

/** What a process needs to seal under this key of the service. */
export function kmsVariables(kms: LoopbackKms, keyArn: string): Readonly<Record<string, string>> {
  return {
    INTEGRATION_KMS_KEY_ID: keyArn,
    INTEGRATION_KMS_ENDPOINT: kms.url,
    AWS_REGION: kms.region,
    AWS_ACCESS_KEY_ID: kms.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: kms.credentials.secretAccessKey,
  }
}
