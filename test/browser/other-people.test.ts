import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { consent } from '../../src/emulator/index.ts'
import { card, consentAs, follow, runDemo } from './demo-in-browser.ts'
import type { RunningDemo } from './demo-in-browser.ts'

let demo: RunningDemo

beforeAll(async () => {
  demo = await runDemo()
})

afterAll(async () => {
  await demo.close()
})

/** Starts a connection and copies the address that the platform is opened with. */
async function startedLink(page: Page): Promise<string> {
  const asked = page.waitForRequest(/google\/o\/oauth2\/v2\/auth/)
  await follow(card(page, 'Google Ads').getByRole('button', { name: 'Connect Google Ads' }))
  return (await asked).url()
}

function exchanges(): number {
  return demo.emulator.control.requests('google_ads', 'exchange').length
}

async function expectNothingConnected(page: Page): Promise<void> {
  await page.goto(demo.url)
  expect(await card(page, 'Google Ads').textContent()).toContain('Not connected')
  expect(exchanges()).toBe(0)
}

test.each(['Acme Shop', 'Borealis Outdoor'])(
  'an attacker’s callback that a victim of %s opens is refused before anything reaches the platform',
  async (tenant) => {
    const attacker = await demo.open()
    const callback = await consent(await startedLink(attacker), { person: 'ada' })
    const victim = await demo.open()
    await follow(victim.getByRole('button', { name: tenant }))
    const answer = await victim.goto(callback.href)

    expect(answer?.status()).toBe(403)
    expect(await victim.textContent('body')).toContain('Nothing was connected.')
    await expectNothingConnected(victim)
  },
)

test('an attacker’s link that a victim consents to ends at the callback', async () => {
  const attacker = await demo.open()
  const link = await startedLink(attacker)
  const victim = await demo.open()
  await victim.goto(link)
  await consentAs(victim, 'Sol Okafor')

  expect(await victim.textContent('body')).toMatch(/started by somebody else|started in another browser/)
  await expectNothingConnected(victim)
  await expectNothingConnected(attacker)
})

test('a form on another site cannot start, change or end a connection', async () => {
  const victim = await demo.open()
  await victim.goto(`${demo.emulator.url}/google/o/oauth2/v2/auth`)
  for (const path of ['google_ads/start', 'google_ads/disconnect', 'klaviyo/connect']) {
    const answered = victim.waitForResponse(new RegExp(`/api/integrations/${path}$`))
    await victim.setContent(
      `<form method="post" action="${demo.url}/api/integrations/${path}"><button>Win a prize</button></form>`,
    )
    await follow(victim.getByRole('button'))
    expect((await answered).status()).toBeGreaterThanOrEqual(400)
    await victim.goto(`${demo.emulator.url}/google/o/oauth2/v2/auth`)
  }
})
