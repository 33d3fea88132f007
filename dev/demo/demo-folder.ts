import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateEncryptionKey } from '../../src/adapters/aes-gcm/index.ts'
import type { Emulator } from '../../src/emulator/index.ts'

const SAVE_EVERY_MS = 1_000

/** What the demo keeps from run to run, beside its database: the encryption key and what the emulator remembers. */
export class DemoFolder {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  }

  get databaseFolder(): string {
    return join(this.#folder, 'postgres')
  }

  /** The same at every start. */
  encryptionKey(): string {
    const file = join(this.#folder, 'encryption-key')
    if (!existsSync(file)) writeFileSync(file, generateEncryptionKey(), { mode: 0o600 })
    return readFileSync(file, 'utf8')
  }

  /** Nothing, when there is none or it cannot be read. */
  emulatorSnapshot(): unknown {
    try {
      return JSON.parse(readFileSync(this.#snapshotFile, 'utf8'))
    } catch {
      return undefined
    }
  }

  /** Keeps what the emulator knows while it runs; returns how to end that with a last save. */
  keepEmulator(emulator: Emulator): () => Promise<void> {
    let saved = ''
    const save = (): void => {
      const text = JSON.stringify(emulator.control.snapshot())
      if (text === saved) return
      // Renamed when whole: a power cut leaves the earlier one.
      writeFileSync(`${this.#snapshotFile}.new`, text, { mode: 0o600 })
      renameSync(`${this.#snapshotFile}.new`, this.#snapshotFile)
      saved = text
    }
    const timer = setInterval(save, SAVE_EVERY_MS)
    timer.unref()
    return async () => {
      clearInterval(timer)
      save()
    }
  }

  get #snapshotFile(): string {
    return join(this.#folder, 'emulator.json')
  }
}
