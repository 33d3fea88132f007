import type { Locator, Page } from 'playwright-core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { card, consentAs, follow, runDemo } from './demo-in-browser.ts'
import type { RunningDemo } from './demo-in-browser.ts'

let demo: RunningDemo

beforeEach(async () => {
  demo = await runDemo()
})

afterEach(async () => {
  await demo.close()
})

const GOOGLE = 'Google Ads'

const connectButton = (page: Page): Locator =>
  card(page, GOOGLE).getByRole('button', { name: `Connect ${GOOGLE}` })

/** Connects as a form of a host does that has a window of its own for it. */
async function openPopup(page: Page): Promise<Page> {
  await page.evaluate(`
    form = document.querySelector('form[action$="/google_ads/start"]')
    form.insertAdjacentHTML('beforeend', '<input type="hidden" name="display" value="popup">')
    form.target = 'flow'
  `)
  const opened = page.waitForEvent('popup')
  await connectButton(page).click()
  return opened
}

/** Keeps what other windows post to this one. */
async function listen(page: Page): Promise<() => Promise<readonly unknown[]>> {
  await page.evaluate(`
    heard = []
    addEventListener('message', ({ data, origin }) => heard.push({ data, origin }))
  `)
  return () => page.evaluate<readonly unknown[]>('heard')
}

/** Decides at the platform, and waits for the window to close itself. */
async function decide(popup: Page, decision: 'Allow' | 'Deny'): Promise<void> {
  await popup.getByRole('radio', { name: 'Ada Lindqvist' }).check()
  const closed = popup.waitForEvent('close')
  await popup.getByRole('button', { name: decision }).click()
  await closed
}

test.each([
  ['Allow', 'connected'],
  ['Deny', 'authorization_denied'],
] as const)(
  'a popup in which the person chose %s tells its opener and closes itself',
  async (decision, status) => {
    const page = await demo.open()
    const heard = await listen(page)
    await decide(await openPopup(page), decision)

    await expect
      .poll(heard)
      .toEqual([{ data: { type: 'integration_result', provider: 'google_ads', status }, origin: demo.url }])
  },
)

test('an opener that has gone to another origin meanwhile hears nothing', async () => {
  const page = await demo.open()
  const popup = await openPopup(page)
  const elsewhere = `${demo.emulator.url}/google/o/oauth2/v2/auth`
  await page.evaluate(`location.href = '${elsewhere}'`)
  await page.waitForURL(elsewhere)
  const heard = await listen(page)
  await decide(popup, 'Deny')
  // What was posted before it would be heard before it.
  await page.evaluate("postMessage('its own', '*')")

  await expect.poll(heard).toEqual([{ data: 'its own', origin: new URL(demo.emulator.url).origin }])
})

test.each([true, false])(
  'a window that nobody opened shows the outcome and the way back, loaded again or not; its script may run: %s',
  async (javaScriptEnabled) => {
    const page = await demo.open({ javaScriptEnabled })
    await page.route('**/google_ads/start', (route) =>
      route.continue({ postData: `${route.request().postData() ?? ''}&display=popup` }),
    )
    await follow(connectButton(page))
    await consentAs(page, 'Ada Lindqvist')

    const heading = page.getByRole('heading', { level: 1 })
    expect(await heading.textContent()).toBe('Google Ads is connected.')
    expect(page.url()).not.toMatch(/[?&](code|state)=/)
    await page.reload()
    expect(await heading.textContent()).toBe('Google Ads is connected.')
    await follow(page.getByRole('link', { name: 'Go back' }))
    expect(new URL(page.url()).origin).toBe(demo.url)
    expect(await card(page, GOOGLE).textContent()).not.toContain('Not connected')
  },
)
