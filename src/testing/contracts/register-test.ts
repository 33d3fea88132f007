/** How a contract hands a test to the host's runner: `test` of vitest, `it` of mocha, `test` of node:test. */
export type RegisterTest = (title: string, body: () => Promise<void>) => void
