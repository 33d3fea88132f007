import { once } from 'node:events'
import { startEmulator } from '../emulator/index.ts'
import type { Command } from './commands.ts'
import { countOption, print, readOptions } from './options.ts'

export const emulator: Command = {
  name: 'emulator',
  usage: 'emulator [--port N]',
  summary: 'plays the platforms on loopback until it is interrupted',
  async run(parameters) {
    const { json, values } = readOptions(parameters, { port: 'string' })
    const port = countOption(values, 'port')
    const running = await startEmulator(port === undefined ? {} : { port })
    print(json, { url: running.url }, [
      `The platforms are at ${running.url}; set INTEGRATIONS_EMULATOR_URL to it.`,
    ])
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
    await running.close()
    return 0
  },
}
