import { afterAll, beforeAll, expect, test } from 'vitest'
import { emulatorKlaviyoKeys } from '../../src/emulator/index.ts'
import { card, connect, follow, picture, runDemo } from './demo-in-browser.ts'
import type { RunningDemo } from './demo-in-browser.ts'

let demo: RunningDemo

beforeAll(async () => {
  demo = await runDemo()
  const page = await demo.open()
  await connect(page, 'Meta Ads', 'Max Teller')
  await connect(page, 'Google Ads', 'Sol Okafor')
  await connect(page, 'TikTok Ads', 'Sol Okafor')
  await follow(page.getByRole('button', { name: 'Revoke at the platform (TikTok Ads)' }))
  await follow(card(page, 'TikTok Ads').getByRole('button', { name: /^Check now/ }))
})

afterAll(async () => {
  await demo.close()
})

test.each([
  ['light', 360],
  ['light', 1280],
  ['dark', 360],
  ['dark', 1280],
] as const)('in %s at %i pixels nothing is cut off sideways', async (colorScheme, width) => {
  const page = await demo.open({ colorScheme, viewport: { width, height: 800 } })
  const name = `${colorScheme}-${width}`
  const fits = async (step: string): Promise<void> => {
    await picture(page, `${name}-${step}`)
    expect(await page.evaluate('document.documentElement.scrollWidth'), step).toBeLessThanOrEqual(width)
  }
  await page.goto(`${page.url()}?integration=tiktok&result=reauthorization_required`)
  await fits('overview')
  await follow(card(page, 'Meta Ads').getByRole('link', { name: /^Choose the/ }))
  await fits('choose')
  await follow(page.getByRole('link', { name: 'Back to integrations' }))
  await follow(card(page, 'Google Ads').getByRole('link', { name: /^Disconnect/ }))
  await fits('disconnect')
  await page.goto(`${demo.url}/api/integrations/meta/callback?code=x&state=y`)
  await fits('refused')
  const callback = `${demo.url}/api/integrations/meta/data-deletion`
  const { body } = await demo.emulator.control.sendDataDeletion('dana', callback)
  await page.goto((JSON.parse(body) as { url: string }).url)
  await fits('deleted')
  expect(
    await page.locator('.cgk-narrow').evaluate('(element) => getComputedStyle(element).maxWidth'),
  ).not.toBe('none')
  await page.goto(demo.url)
  await follow(page.getByRole('button', { name: 'Borealis Outdoor' }))
  const klaviyo = card(page, 'Klaviyo')
  if (await klaviyo.getByLabel('Private API key').isVisible()) {
    await klaviyo.getByLabel('Private API key').fill(emulatorKlaviyoKeys.many)
    await follow(klaviyo.getByRole('button', { name: 'Connect Klaviyo' }))
  }
  await fits('fresh')
  await follow(klaviyo.getByRole('link', { name: 'Choose lists' }))
  await fits('lists')
})
