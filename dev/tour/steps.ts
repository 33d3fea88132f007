/** What the tour proves of each platform. `refreshed`: for a credential without a refresh, that its re-check passed. */
export interface Steps {
  connected: boolean
  accountSelected: boolean
  tokenServed: boolean
  refreshed: boolean
  disconnected: boolean
}

export type Tell = (line: string) => void

export function noSteps(): Steps {
  return {
    connected: false,
    accountSelected: false,
    tokenServed: false,
    refreshed: false,
    disconnected: false,
  }
}

/** Runs one platform's life; what fails is told and leaves its step, and those after it, false. */
export async function live(name: string, tell: Tell, life: (steps: Steps) => Promise<void>): Promise<Steps> {
  const steps = noSteps()
  tell(`\n${name}`)
  try {
    await life(steps)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    tell(`  ✗ ${error instanceof Error ? error.message : String(error)}${code}`)
  }
  return steps
}

/** The end of a token is enough to tell two apart. */
export function hint(token: string): string {
  return `…${token.slice(-6)}`
}
