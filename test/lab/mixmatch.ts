import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { hosts } from './clients.js'
import { untilInLab } from './until-in-lab.js'

const run = promisify(execFile)
const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const config = fileURLToPath(new URL('mixmatch.conf', import.meta.url))

const port = process.env['LAB_PROXY_PORT'] ?? '5001'

/** The address of the proxy. */
export const url = `http://127.0.0.1:${port}`

/** A line of `log export`, with the members that these tests read. */
export interface Exported {
  readonly position: number
  readonly service_provider: string
  readonly source: string
  readonly message_id: string
  readonly event_type: string
  readonly resource: { readonly type: string; readonly id: string } | null
  readonly body?: { readonly possible_gap?: object | null }
}

/** The built program, with its own log in a new directory. */
export interface Mixmatch {
  /** Contains the log, the views and the output of the processes, in `*.log`. */
  readonly directory: string
  /** Start `mixmatch serve`, `record` or `proxy`. Resolves when it records from every bus, or answers. */
  start(half: 'serve' | 'record' | 'proxy'): Promise<Running>
  /**
   * Run a command that ends by itself, and return its output.
   *
   * @throws if it exits with anything but 0
   */
  run(...args: readonly string[]): Promise<string>
  /** All events in the log. */
  events(): Promise<readonly Exported[]>
  /** Stop all running processes, and remove the directory. */
  close(): Promise<void>
}

export interface Running {
  readonly pid: number
  /** Send SIGKILL. Resolves when it has exited. */
  kill(): Promise<void>
  /** Send SIGTERM. Resolves when it has exited. @throws if it does not exit with 0 */
  stop(): Promise<void>
}

/** @param settings `OS_<GROUP>__<OPTION>`; they override the settings that every test needs */
export async function createMixmatch(
  settings: Readonly<Record<string, string>> = {},
): Promise<Mixmatch> {
  const directory = await mkdtemp(join(tmpdir(), 'mixmatch-lab-'))
  const queue = `mixmatch.lab.${randomUUID()}`
  const env = {
    PATH: process.env['PATH'],
    OS_DEFAULT__PORT: port,
    OS_DEFAULT__PUBLIC_ENDPOINT: url,
    OS_OPS__PORT: '0',
    OS_DATABASE__CONNECTION: `sqlite:///${join(directory, 'events.db')}`,
    // The brokers of the lab delete the queue some minutes after the test.
    OS_DEFAULT__QUEUE_EXPIRES: '900',
    OS_SP_DEFAULT__QUEUE_NAME: queue,
    OS_SP_SP1__QUEUE_NAME: queue,
    ...settings,
  }
  const children = new Set<ChildProcess>()
  const endAll = () => {
    for (const child of children) child.kill('SIGKILL')
  }
  process.once('exit', endAll)

  const mixmatch: Mixmatch = {
    directory,
    async start(half) {
      const begun = (await mixmatch.events()).length
      if (half !== 'record' && (await answers())) throw new Error(`somebody else is at ${url}`)
      const child = spawn(process.execPath, [main, '--config-file', config, half], { env })
      const log = join(directory, `${half}.log`)
      const gone = once(child, 'exit')
      children.add(child)
      child.once('exit', () => children.delete(child))
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (bytes: Buffer) => appendFileSync(log, bytes))

      await untilInLab(`mixmatch ${half} is ready`, async () => {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`mixmatch ${half} ended at once:\n${readFileSync(log, 'utf8')}`)
        if (half !== 'record' && !(await answers())) return false
        return half === 'proxy' || connected((await mixmatch.events()).slice(begun))
      })

      const end = async (signal: NodeJS.Signals) => {
        child.kill(signal)
        await gone
      }
      return {
        pid: child.pid ?? 0,
        kill: () => end('SIGKILL'),
        async stop() {
          await end('SIGTERM')
          if (child.exitCode !== 0)
            throw new Error(`mixmatch ${half} exited with ${child.exitCode ?? child.signalCode}`)
        },
      }
    },
    async run(...args) {
      const { stdout } = await run(process.execPath, [main, '--config-file', config, ...args], {
        env,
        maxBuffer: 256 * 1024 * 1024,
      })
      return stdout
    },
    async events() {
      if (!existsSync(join(directory, 'events.db'))) return []
      const lines = (await mixmatch.run('log', 'export')).split('\n')
      return lines.filter(line => line !== '').map(line => JSON.parse(line))
    },
    async close() {
      const gone = [...children].map(child => once(child, 'exit'))
      endAll()
      await Promise.all(gone)
      process.off('exit', endAll)
      await rm(directory, { recursive: true })
    },
  }
  return mixmatch
}

async function answers(): Promise<boolean> {
  return fetch(`${url}/healthcheck`).then(
    response => response.text().then(() => response.ok),
    () => false,
  )
}

function connected(events: readonly Exported[]): boolean {
  return Object.keys(hosts).every(cloud =>
    events.some(
      event => event.service_provider === cloud && event.event_type === 'mixmatch.bus.connected',
    ),
  )
}
