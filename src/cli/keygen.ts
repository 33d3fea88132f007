import { generateEncryptionKey } from '../adapters/aes-gcm/index.ts'
import type { Command } from './commands.ts'
import { print, readOptions } from './options.ts'

export const keygen: Command = {
  name: 'keygen',
  usage: 'keygen',
  summary: 'prints a new encryption key: 32 random bytes in base64',
  run(parameters) {
    const { json } = readOptions(parameters, {})
    const key = generateEncryptionKey()
    print(json, { key }, [key])
    return Promise.resolve(0)
  },
}
