import { existsSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { type Browser, chromium, type Page } from 'playwright-core'

/** Debian's package `chromium`; another one by CHROMIUM. */
const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

/** A busy machine starts a browser and draws a page slowly. */
const PATIENCE_MS = 120_000

/** A page of a real browser, and what it did that the console must not make it do. */
export interface OpenPage {
  readonly page: Page
  /** Violations of the content security policy, errors of scripts, dialogs, and requests to other origins. */
  readonly complaints: string[]
  /** The bytes of all responses so far, with their headers. */
  readonly wireBytes: () => Promise<number>
}

interface PageOptions {
  readonly width?: number
  readonly scheme?: 'light' | 'dark'
  readonly scripts?: boolean
}

/** Start one browser for the tests of a file. */
export function useBrowser() {
  let browser: Browser
  test.before(async () => {
    if (!existsSync(executablePath)) {
      throw new Error(
        `${executablePath} is missing: install chromium, or name another one in CHROMIUM.`,
      )
    }
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox'],
      timeout: PATIENCE_MS,
    })
  })
  test.after.always(async () => {
    await browser?.close()
  })
  return async (
    t: ExecutionContext,
    origin: string,
    { width = 1280, scheme = 'light', scripts = true }: PageOptions = {},
  ): Promise<OpenPage> => {
    const context = await browser.newContext({
      viewport: { width, height: 900 },
      colorScheme: scheme,
      javaScriptEnabled: scripts,
      baseURL: origin,
    })
    t.teardown(() => context.close())
    context.setDefaultTimeout(PATIENCE_MS)
    const page = await context.newPage()
    const complaints: string[] = []
    const sizes: Promise<number>[] = []
    page.on('console', message => {
      const { url } = message.location()
      // A page for "not found" is a page of the console, too.
      if (!message.text().startsWith('Failed to load resource'))
        complaints.push(`${url}: ${message.text()}`)
    })
    page.on('pageerror', error => complaints.push(String(error)))
    page.on('dialog', dialog => {
      complaints.push(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    page.on('request', request => {
      if (!request.url().startsWith(origin)) complaints.push(`request: ${request.url()}`)
    })
    page.on('requestfinished', request => {
      sizes.push(
        request
          .sizes()
          .then(size => size.responseBodySize + size.responseHeadersSize)
          .catch(() => 0),
      )
    })
    return {
      page,
      complaints,
      wireBytes: async () => (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0),
    }
  }
}

/** The rows of a table as texts. */
export async function rowsOf(page: Page, caption: string): Promise<string[]> {
  const rows = page.getByRole('table', { name: caption }).locator('tbody tr')
  return (await rows.allInnerTexts()).map(text => text.replace(/\s+/g, ' ').trim())
}
