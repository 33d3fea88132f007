import { dataKeys } from './data-keys.ts'
import { doctor } from './doctor.ts'
import { emulator } from './emulator.ts'
import { keygen } from './keygen.ts'
import { migrateCommand } from './migrate.ts'
import { refresh } from './refresh.ts'
import { rewrapDataKeys } from './rewrap-data-keys.ts'
import { rotateKeys } from './rotate-keys.ts'
import { status } from './status.ts'

/** One command for the operator. `run` resolves with the exit code: 0 for success, 1 for failure; 2 is for wrong options. */
export interface Command {
  readonly name: string
  readonly usage: string
  readonly summary: string
  run(parameters: readonly string[]): Promise<number>
}

export const commands: readonly Command[] = [
  keygen,
  migrateCommand,
  doctor,
  status,
  refresh,
  rotateKeys,
  rewrapDataKeys,
  dataKeys,
  emulator,
]
