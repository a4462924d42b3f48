import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { folder } from '../controls.js'

/** A line of the log. */
export type Line = Readonly<Record<string, unknown>> & { readonly msg?: string }

/** The real program, started with its own configuration. */
export interface Running {
  readonly lines: readonly Line[]
  /** Wait for a line with this text, after the lines of earlier calls. */
  line(msg: string): Promise<Line>
  /** Skip all lines that were written before this call. */
  forget(): void
  signal(signal: NodeJS.Signals): void
  /** Settles with its exit code. */
  readonly ended: Promise<number | null>
  /** Change the configuration file, without a reload. */
  configure(general: Record<string, string>): void
  /** `http://127.0.0.1:…` of the two ports. */
  url(): Promise<string>
  ops(): Promise<string>
  readonly directory: string
}

/** Where the clouds are; nothing listens there by default. */
export interface Clouds {
  readonly keystone?: string
  readonly glance?: string
}

const nowhere = 'http://127.0.0.1:9'

/** Start `mixmatch serve`, `record` or `proxy` with two clouds. One of them has a `file:` bus. */
export function start(
  t: ExecutionContext,
  half: 'serve' | 'record' | 'proxy',
  { keystone = nowhere, glance = nowhere }: Clouds = {},
  general: Record<string, string> = {},
  database?: string,
  opsPort = 0,
  nodeArguments: readonly string[] = [],
): Running {
  t.timeout(
    180_000,
    'its processes compile the program as they start, which a busy machine does slowly',
  )
  const directory = folder(t)
  const file = join(directory, 'mixmatch.conf')
  const configure = (options: Record<string, string>) => {
    const clouds = 'default, sp1'
    const all = { service_providers: clouds, host: '127.0.0.1', port: '0', ...general, ...options }
    writeFileSync(
      file,
      [
        '[DEFAULT]',
        ...Object.entries(all).map(([name, value]) => `${name} = ${value}`),
        `[database]\nconnection = sqlite:///${database ?? join(directory, 'events.db')}`,
        `[auth]\nauth_url = ${keystone}/v3`,
        `[ops]\nport = ${opsPort}`,
        `[sp_default]\nmessagebus = rabbit://mixmatch:secret@127.0.0.1:9/`,
        `image_endpoint = ${glance}\nvolume_endpoint = ${glance}`,
        `[sp_sp1]\nmessagebus = file://${join(directory, 'sp1.ndjson')}`,
        `auth_url = ${nowhere}/v3\nimage_endpoint = ${nowhere}\nvolume_endpoint = ${nowhere}`,
      ].join('\n'),
    )
  }
  configure({})
  const child = spawn(
    process.execPath,
    ['--import=tsx', ...nodeArguments, 'src/main.ts', '--config-file', file, half],
    // With an IPC channel, as process managers of Node start their processes.
    { stdio: ['ignore', 'inherit', 'pipe', 'ipc'], env: { PATH: process.env['PATH'] } },
  )
  const running = observe(child)
  t.teardown(async () => {
    await end(child)
    requireNoCrash(running.lines)
  })
  return { ...running, configure, directory }
}

function observe(child: ChildProcess): Omit<Running, 'configure' | 'directory'> {
  const lines: Line[] = []
  let from = 0
  const { stderr } = child
  if (!stderr) throw new TypeError('its log is to be read')
  createInterface({ input: stderr }).on('line', text => lines.push(parseLine(text)))
  const ended = new Promise<number | null>(resolve => child.once('exit', resolve))

  async function line(msg: string): Promise<Line> {
    for (;;) {
      const found = lines.slice(from).find(each => each.msg === msg)
      if (found) return found
      if (child.exitCode !== null) {
        throw new Error(
          `ended with ${child.exitCode} and never said "${msg}": ${JSON.stringify(lines)}`,
        )
      }
      await setTimeout(20)
    }
  }
  async function portIn(msg: string): Promise<string> {
    while (!lines.some(each => each.msg === msg)) await line(msg)
    return `http://127.0.0.1:${lines.find(each => each.msg === msg)?.['port']}`
  }
  return {
    lines,
    line,
    forget() {
      from = lines.length
    },
    signal: signal => void child.kill(signal),
    ended,
    url: () => portIn('accepting connections'),
    ops: () => portIn('the port for operators is open'),
  }
}

/** The last words of a process that crashed are no JSON. */
function parseLine(text: string): Line {
  try {
    return JSON.parse(text)
  } catch {
    return { crash: text }
  }
}

/** @throws Error with the last words of the processes that crashed */
function requireNoCrash(lines: readonly Line[]): void {
  const words = lines.flatMap(line => ('crash' in line ? [line['crash']] : []))
  if (words.length > 0) throw new Error(`a process crashed:\n${words.join('\n')}`)
}

/** The child processes exit after the supervisor has exited. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  await gone
}

/** A server that stands for a service of a cloud. */
export async function play(t: ExecutionContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no TCP server')
  return `http://127.0.0.1:${address.port}`
}

/** All samples of a page of metrics: `name{label="value"}` → number. */
export function samplesOf(page: string): ReadonlyMap<string, number> {
  const lines = page.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map(line => {
      const end = line.lastIndexOf(' ')
      return [line.slice(0, end), Number(line.slice(end + 1))] as const
    }),
  )
}
