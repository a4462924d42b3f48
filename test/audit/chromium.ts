import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import type { ExecutionContext } from 'ava'

/** A page in a real browser. */
export interface Page {
  /** Evaluate an expression in the page, and wait for the result if it is a promise. */
  evaluate(expression: string): Promise<unknown>
  /** Change the width of the page in pixels, its colour scheme, or its medium. */
  emulate(of: { width?: number; scheme?: 'light' | 'dark'; media?: 'print' }): Promise<void>
  /** The requests of the page, except for its own file. */
  readonly requests: readonly string[]
  /** The console messages of the browser: policy violations, syntax errors and others. */
  readonly complaints: readonly string[]
}

interface Answer {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly request?: { url: string }; readonly entry?: { text: string } }
  readonly result?: {
    readonly result?: { value?: unknown }
    readonly targetId?: string
    readonly sessionId?: string
  }
  readonly error?: { readonly message: string }
}

/**
 * Open a file in a headless Chromium (package `chromium`), with the DevTools protocol over a pipe. It
 * needs no port and leaves no profile.
 */
export async function openPage(t: ExecutionContext, file: string): Promise<Page> {
  const profile = mkdtempSync(join(tmpdir(), 'mixmatch-chromium-'))
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--window-size=1200,900']
  const browser = spawn(
    'chromium',
    [...args, `--user-data-dir=${profile}`, '--remote-debugging-pipe'],
    {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    },
  )
  t.teardown(async () => {
    if (browser.exitCode === null) {
      const ended = new Promise(resolve => browser.once('exit', resolve))
      browser.kill('SIGKILL')
      await ended
    }
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  })
  const requests: string[] = []
  const complaints: string[] = []
  const loaded = withResolvers()
  const call = talk(
    browser.stdio[3] as Writable,
    browser.stdio[4] as Readable,
    ({ method, params }) => {
      const url = params?.request?.url
      if (url !== undefined && !url.startsWith('file:')) requests.push(url)
      if (method === 'Log.entryAdded') complaints.push(params?.entry?.text ?? '')
      if (method === 'Page.loadEventFired') loaded.resolve()
    },
  )
  const { targetId } = await call('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true })
  for (const domain of ['Page', 'Network', 'Log']) await call(`${domain}.enable`, {}, sessionId)
  await call('Page.navigate', { url: pathToFileURL(file).href }, sessionId)
  await loaded.promise
  return {
    requests,
    complaints,
    async emulate({ width = 1200, scheme = 'light', media = '' }) {
      const size = { width, height: 900, deviceScaleFactor: 1, mobile: false }
      await call('Emulation.setDeviceMetricsOverride', size, sessionId)
      const features = [{ name: 'prefers-color-scheme', value: scheme }]
      await call('Emulation.setEmulatedMedia', { media, features }, sessionId)
    },
    async evaluate(expression) {
      const { result } = await call(
        'Runtime.evaluate',
        { expression, returnByValue: true, awaitPromise: true },
        sessionId,
      )
      return result?.value
    },
  }
}

function withResolvers() {
  let resolve = () => {}
  const promise = new Promise<void>(settle => {
    resolve = settle
  })
  return { promise, resolve: () => resolve() }
}

/** Messages are JSON, and each ends with a zero byte. */
function talk(to: Writable, from: Readable, onEvent: (event: Answer) => void) {
  const waiting = new Map<number, (answer: Answer) => void>()
  let rest = ''
  from.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\0')
    rest = parts.pop() ?? ''
    for (const part of parts) {
      const answer: Answer = JSON.parse(part)
      if (answer.id === undefined) onEvent(answer)
      else waiting.get(answer.id)?.(answer)
    }
  })
  let sent = 0
  return (method: string, params: object, sessionId?: string) =>
    new Promise<NonNullable<Answer['result']>>((resolve, reject) => {
      const id = ++sent
      waiting.set(id, ({ result, error }) => {
        if (error) reject(new Error(`${method}: ${error.message}`))
        else resolve(result ?? {})
      })
      to.write(
        `${JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) })}\0`,
      )
    })
}
