import { once } from 'node:events'
import { emulatorEnvironment, emulatorKlaviyoKeys, startEmulator } from '../emulator/index.ts'
import type { Command } from './commands.ts'
import { countOption, print, readOptions } from './options.ts'

export const emulator: Command = {
  name: 'emulator',
  usage: 'emulator [--port N]',
  summary: 'emulates the platforms on loopback until it is interrupted; prints the variables to use them',
  async run(parameters) {
    const { json, values } = readOptions(parameters, { port: 'string' })
    const port = countOption(values, 'port')
    const running = await startEmulator(port === undefined ? {} : { port })
    const { url } = running
    const environment = emulatorEnvironment(url)
    // In the form of an .env file, so that the whole output can be saved as one.
    print(json, { url, environment, klaviyoKeys: emulatorKlaviyoKeys }, [
      `# The platforms are at ${url} until this is interrupted. These apps exist only there:`,
      ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      `# A key for connecting Klaviyo: ${emulatorKlaviyoKeys.full}`,
    ])
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
    await running.close()
    return 0
  },
}
