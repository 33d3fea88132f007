import type { RegisterTest } from './register-test.ts'

/** Registers each promise, by its title, as a test over a harness of its own, which is closed however the test ends. */
export function registerPromises<Harness extends { close(): Promise<void> }>(
  test: RegisterTest,
  open: () => Promise<Harness>,
  groups: readonly Readonly<Record<string, (harness: Harness) => Promise<void>>>[],
): void {
  for (const [title, body] of groups.flatMap((group) => Object.entries(group))) {
    test(title, async () => {
      const harness = await open()
      try {
        await body(harness)
      } finally {
        await harness.close()
      }
    })
  }
}
