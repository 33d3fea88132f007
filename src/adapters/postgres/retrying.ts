import { setTimeout as pause } from 'node:timers/promises'

/** Runs `step` until it works, again after each of the pauses; its last failure is thrown on. */
export async function retrying<T>(step: () => Promise<T>, pausesMs: readonly number[]): Promise<T> {
  for (const ms of pausesMs) {
    try {
      return await step()
    } catch {
      await pause(ms)
    }
  }
  return step()
}
