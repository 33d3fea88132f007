import { startScriptedPlatform } from '../scripted-platform.ts'
import { brokenAnswerPromises } from './provider-client/broken-answers.ts'
import type { OpenProviderClient } from './provider-client/harness.ts'
import { networkPromises } from './provider-client/network.ts'
import { requestPromises } from './provider-client/requests.ts'
import { secrecyPromises } from './provider-client/secrecy.ts'
import type { RegisterTest } from './register-test.ts'

/** What every ProviderClient promises. Each test has a platform of its own. */
export function providerClientContract(test: RegisterTest, open: OpenProviderClient): void {
  const all = { ...requestPromises, ...brokenAnswerPromises, ...networkPromises, ...secrecyPromises }
  for (const [title, promise] of Object.entries(all)) {
    test(title, async () => {
      const platform = await startScriptedPlatform()
      const harness = open(platform.url)
      try {
        await promise({ ...harness, platform, openAt: open })
      } finally {
        harness.close?.()
        await platform.close()
      }
    })
  }
}
