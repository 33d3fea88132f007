import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/pgbouncer/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    allowOnly: false,
    passWithNoTests: false,
  },
})
