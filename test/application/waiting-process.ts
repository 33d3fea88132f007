import { SystemClock } from '../../src/adapters/node/system-clock.ts'
import { BackgroundWork } from '../../src/application/background-work.ts'

// As while a store is down: the only thing left in the process is a delay, which does not keep it alive by itself.
process.disconnect()
new BackgroundWork().keep(new SystemClock().backgroundDelay(200).then(() => process.stdout.write('stored\n')))
