import { describe, expect, test } from 'vitest'

import { IDS } from '../../src/application/container/identifiers.ts'
import { BASE, keyOf, openWeb, TENANT_A } from './web-harness.ts'
import type { Browser, Web } from './web-harness.ts'

describe('connecting again as the same person', () => {
  const [first, second, third] = [
    { id: '1', name: 'Main', isUsable: true },
    { id: '2', name: 'Second', isUsable: true },
    { id: '3', name: 'Third', isUsable: true },
  ]

  async function connectedToFirst(): Promise<{ web: Web; browser: Browser }> {
    const web = openWeb()
    const browser = web.browser(TENANT_A)
    await browser.connect()
    await browser.submit(`${BASE}/meta/select`, { accountId: '1' })
    return { web, browser }
  }

  test('keeps the account that was chosen while the consent reaches it, also after the platform ended the access', async () => {
    const { web, browser } = await connectedToFirst()
    web.meta.refusesCredentials = true
    await browser.submit(`${BASE}/meta/refresh`)
    web.meta.refusesCredentials = false
    web.meta.accounts = [second, first, third]
    const again = await browser.connect()

    expect(again.headers.get('location')).toContain('result=connected')
    expect(await web.container.get(IDS.Connections).get(keyOf(TENANT_A))).toMatchObject({
      status: 'active',
      selectedAccountId: '1',
    })
  })

  test.each([
    ['one other account', [second]],
    ['several other accounts', [second, third]],
  ])('is refused when the consent reaches %s and not the one that was chosen', async (_what, accounts) => {
    const { web, browser } = await connectedToFirst()
    web.meta.accounts = accounts
    const again = await browser.connect()

    expect(again.headers.get('location')).toContain('result=account_changed')
    expect(await web.container.get(IDS.Connections).get(keyOf(TENANT_A))).toMatchObject({
      status: 'active',
      selectedAccountId: '1',
    })
  })

  test('takes the only account there is in place of the one that was chosen when a change is allowed', async () => {
    const { web, browser } = await connectedToFirst()
    web.meta.accounts = [second]
    await browser.connect('meta', { allowAccountChange: 'true' })

    expect(await web.container.get(IDS.Connections).get(keyOf(TENANT_A))).toMatchObject({
      status: 'active',
      selectedAccountId: '2',
    })
  })

  test('lets the person choose when the account that was chosen cannot be used any more, though only one other can', async () => {
    const { web, browser } = await connectedToFirst()
    web.meta.accounts = [{ ...first, isUsable: false }, second]
    await browser.connect()
    const connection = await web.container.get(IDS.Connections).get(keyOf(TENANT_A))

    expect(connection?.status).toBe('pending_account_selection')
    expect(connection?.selectedAccountId).toBeUndefined()
  })
})
