import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Container } from 'inversify'
import { Pool } from 'pg'
import { chromium } from 'playwright-core'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { demoHost } from '../../dev/demo/demo-host.ts'
import { listenOnLoopback } from '../../dev/demo/loopback.ts'
import { freePort } from '../../dev/services/ports.ts'
import { createIntegrationsContainer } from '../../src/application/container/create-integrations-container.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import { emulatorApps, startEmulator } from '../../src/emulator/index.ts'
import type { Emulator } from '../../src/emulator/index.ts'
import { freshDatabase } from '../support/database.ts'

/** The demo host over a database of its own, and a browser to use it with. */
export interface RunningDemo {
  readonly url: string
  readonly emulator: Emulator
  readonly container: Container
  /** A profile of its own, as on another machine, with one page open on the settings. */
  open(options?: BrowserContextOptions): Promise<Page>
  close(): Promise<void>
}

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export async function runDemo(): Promise<RunningDemo> {
  const database = await freshDatabase()
  const emulator = await startEmulator()
  const port = await freePort()
  const baseUrl = `http://localhost:${port}`
  const pool = new Pool({ connectionString: database.url, max: 1 })
  pool.on('error', () => undefined)
  const container = containerOver(database.url, emulator, baseUrl)
  const host = demoHost({
    ...{ container, emulator, baseUrl },
    setRemaining: async ({ tenantId, provider, label }, remainingMs) => {
      await pool.query(
        `UPDATE public.integration_connections SET token_expires_at = clock_timestamp() + make_interval(secs => $4 / 1000.0)
         WHERE tenant_id = $1 AND provider = $2 AND label = $3`,
        [tenantId, provider, label, remainingMs],
      )
    },
  })
  const server = await listenOnLoopback([port], () => (request, response) => void host(request, response))
  const browser = await launch()
  return {
    ...{ url: baseUrl, emulator, container },
    open: async (options) => {
      const context = await browser.newContext(options)
      context.setDefaultTimeout(15_000)
      const page = await context.newPage()
      await page.goto(baseUrl)
      return page
    },
    close: async () => {
      await browser.close()
      await server?.close()
      await container.get(IDS.Shutdown).close()
      await emulator.close()
      await pool.end()
      await database.drop()
    },
  }
}

function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env['CHROME_PATH'] ?? '/usr/bin/chromium', args: FLAGS })
}

function containerOver(connectionString: string, emulator: Emulator, baseUrl: string): Container {
  const { meta, google_ads: google, tiktok } = emulatorApps
  return createIntegrationsContainer({
    database: { connectionString },
    encryption: { key: '5f'.repeat(16) + 'a3'.repeat(16) },
    baseUrl,
    requireInitiator: true,
    providers: {
      meta: { appId: meta.clientId, appSecret: meta.clientSecret },
      googleAds: { clientId: google.clientId, clientSecret: google.clientSecret },
      tiktok: { appId: tiktok.clientId, appSecret: tiktok.clientSecret },
      klaviyo: {},
    },
    emulatorUrl: emulator.url,
  })
}

/** The card of a platform, found as a screen reader would. */
export function card(page: Page, name: string): Locator {
  return page.getByRole('region', { name, exact: true })
}

/** Clicks what leads to another page, and waits until that is there: what is read next is never of the page before. */
export async function follow(target: Locator): Promise<void> {
  const loaded = target.page().waitForEvent('load')
  await target.click()
  await loaded
}

/** Signs in at the platform as that person and allows what is asked. */
export async function consentAs(
  page: Page,
  person: string,
  decision: 'Allow' | 'Deny' = 'Allow',
): Promise<void> {
  await page.getByRole('radio', { name: person }).check()
  await follow(page.getByRole('button', { name: decision }))
}

export async function connect(page: Page, name: string, person: string): Promise<void> {
  await follow(card(page, name).getByRole('button', { name: `Connect ${name}` }))
  await consentAs(page, person)
}

/** A picture of the whole page in `test-results/`, for people to look at. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = join(import.meta.dirname, '../../test-results')
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}
