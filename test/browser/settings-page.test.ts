import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { emulatorKlaviyoKeys } from '../../src/emulator/index.ts'
import { card, connect, consentAs, follow, runDemo } from './demo-in-browser.ts'
import type { RunningDemo } from './demo-in-browser.ts'

let demo: RunningDemo

beforeAll(async () => {
  demo = await runDemo()
})

afterAll(async () => {
  await demo.close()
})

async function chooseAccount(page: Page, name: string): Promise<void> {
  await follow(card(page, name).getByRole('link', { name: /^Choose the/ }))
  await page.getByRole('radio').first().check()
  await follow(page.getByRole('button', { name: 'Use this account' }))
}

async function useTool(page: Page, tool: string, name: string): Promise<string> {
  await follow(page.getByRole('button', { name: `${tool} (${name})` }))
  return (await page.getByRole('complementary').getByRole('status').textContent()) ?? ''
}

async function standingOf(page: Page, name: string): Promise<string> {
  return (await card(page, name).locator('.cgk-pill').textContent())?.trim() ?? ''
}

describe.each([
  ['with JavaScript', true, 'Acme Shop'],
  ['without JavaScript', false, 'Borealis Outdoor'],
])('a tenant’s admin, %s,', (_how, javaScriptEnabled, tenant) => {
  let page: Page
  const violations: string[] = []

  beforeAll(async () => {
    page = await demo.open({ javaScriptEnabled })
    page.on('console', (message) => {
      if (/content security policy|refused to/i.test(message.text())) violations.push(message.text())
    })
    await follow(page.getByRole('button', { name: tenant }))
  })

  test.each([
    ['Meta Ads', 'Ada Lindqvist'],
    ['Google Ads', 'Ada Lindqvist'],
    ['TikTok Ads', 'Ada Lindqvist'],
  ])('connects %s and chooses one of several accounts', async (name, person) => {
    await connect(page, name, person)
    expect(await page.getByRole('status').first().textContent()).toContain(`${name} is connected.`)
    expect(await standingOf(page, name)).toBe('Choose an account')
    expect(page.url()).not.toMatch(/code=|state=/)

    await chooseAccount(page, name)
    expect(await standingOf(page, name)).toBe('Connected')
    expect(await useTool(page, 'Show a token', name)).toContain('the platform’s API accepted it')
  })

  test('connects Klaviyo with a key and chooses its lists', async () => {
    const klaviyo = card(page, 'Klaviyo')
    await klaviyo.getByLabel('Private API key').fill('pk_wrong')
    await follow(klaviyo.getByRole('button', { name: 'Connect Klaviyo' }))
    expect(await page.getByRole('alert').textContent()).toContain('Klaviyo did not accept the key.')

    await klaviyo.getByLabel('Private API key').fill(emulatorKlaviyoKeys.full)
    await follow(klaviyo.getByRole('button', { name: 'Connect Klaviyo' }))
    await follow(klaviyo.getByRole('link', { name: 'Choose lists' }))
    await page.getByLabel('E-mail list').selectOption({ label: 'Newsletter (single opt in)' })
    await follow(page.getByRole('button', { name: 'Save' }))
    expect(await klaviyo.textContent()).toContain('E-mail: Newsletter')
    expect(await standingOf(page, 'Klaviyo')).toBe('Connected')
  })

  test('sees an expired token renewed at its next use', async () => {
    const before = await useTool(page, 'Show a token', 'Google Ads')
    await useTool(page, 'Expire the token', 'Google Ads')
    expect(await card(page, 'Google Ads').textContent()).toContain('renewed at the next use')
    const after = await useTool(page, 'Show a token', 'Google Ads')

    expect(after).toContain('the platform’s API accepted it')
    expect(after).not.toBe(before)
    expect(await standingOf(page, 'Google Ads')).toBe('Connected')
  })

  test('is asked to reconnect what was revoked at the platform, and can', async () => {
    await useTool(page, 'Revoke at the platform', 'Meta Ads')
    await follow(card(page, 'Meta Ads').getByRole('button', { name: /^Check now/ }))
    expect(await page.getByRole('alert').textContent()).toContain('Meta Ads asks for a new sign-in.')
    expect(await standingOf(page, 'Meta Ads')).toBe('Reconnect needed')

    await follow(card(page, 'Meta Ads').getByRole('button', { name: 'Reconnect Meta Ads' }))
    await consentAs(page, 'Ada Lindqvist')
    expect(await standingOf(page, 'Meta Ads')).toBe('Connected')
  })

  test('may decline at the platform and is told so', async () => {
    await follow(card(page, 'Google Ads').getByRole('button', { name: /^Sign in again/ }))
    await consentAs(page, 'Ada Lindqvist', 'Deny')

    expect(await page.getByRole('alert').textContent()).toContain(
      'The connection was declined at Google Ads.',
    )
    expect(await standingOf(page, 'Google Ads')).toBe('Connected')
  })

  test('disconnects after being asked once more', async () => {
    await follow(card(page, 'TikTok Ads').getByRole('link', { name: /^Disconnect/ }))
    await follow(page.getByRole('link', { name: 'Keep it connected' }))
    expect(await standingOf(page, 'TikTok Ads')).toBe('Connected')

    await follow(card(page, 'TikTok Ads').getByRole('link', { name: /^Disconnect/ }))
    await follow(page.getByRole('button', { name: 'Disconnect TikTok Ads' }))
    expect(await page.getByRole('status').first().textContent()).toContain('TikTok Ads is disconnected.')
    expect(await standingOf(page, 'TikTok Ads')).toBe('Not connected')
  })

  test('finds one of 3,000 accounts and chooses it', async () => {
    await connect(page, 'TikTok Ads', 'Max Teller')
    await follow(card(page, 'TikTok Ads').getByRole('link', { name: /^Choose the/ }))
    expect(await page.getByRole('status').first().textContent()).toContain('of 3,000 accounts')
    await follow(page.getByRole('link', { name: 'Next' }))
    const wanted = (await page.locator('.cgk-choice-name').nth(7).textContent()) ?? ''
    await page.getByLabel('Find by name or number').fill(wanted)
    await page.getByLabel('Find by name or number').press('Enter')
    await page.getByRole('radio', { name: wanted }).first().check()
    await follow(page.getByRole('button', { name: 'Use this account' }))

    expect(await card(page, 'TikTok Ads').textContent()).toContain(wanted)
  })

  test('never runs into the page’s own security policy', () => {
    expect(violations).toEqual([])
  })
})

test('what one tenant connected is not there for the other', async () => {
  const page = await demo.open()
  await follow(page.getByRole('button', { name: 'Acme Shop' }))
  await follow(card(page, 'Meta Ads').getByRole('link', { name: /^Disconnect/ }))
  await follow(page.getByRole('button', { name: 'Disconnect Meta Ads' }))
  expect(await standingOf(page, 'Meta Ads')).toBe('Not connected')

  await follow(page.getByRole('button', { name: 'Borealis Outdoor' }))
  expect(await standingOf(page, 'Meta Ads')).toBe('Connected')
})

test('the keyboard alone connects a platform, in the order in which the page is read', async () => {
  const page = await demo.open()
  const focused = (): Promise<string> => page.evaluate('document.activeElement.textContent.trim()')
  const pressUntil = async (key: string, wanted: string): Promise<void> => {
    for (let turn = 0; turn < 20 && (await focused()) !== wanted; turn += 1) await page.keyboard.press(key)
    expect(await focused()).toBe(wanted)
  }
  const enter = async (): Promise<void> => {
    const loaded = page.waitForEvent('load')
    await page.keyboard.press('Enter')
    await loaded
  }
  await page.keyboard.press('Tab')
  expect(await focused()).toBe('Skip to content')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  expect(await focused()).toBe('Connect Meta Ads')
  await enter()
  await pressUntil('Tab', 'Allow')
  await enter()

  expect(await page.getByRole('status').first().textContent()).toContain('Meta Ads is connected.')
})
