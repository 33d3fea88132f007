import { rmSync } from 'node:fs'

// What an earlier build left behind would be published.
rmSync('dist', { recursive: true, force: true })
