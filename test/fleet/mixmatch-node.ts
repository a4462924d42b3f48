import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Outcome, runMixmatchCommand } from '../../sandbox/mixmatch-process.js'
import { type Group, hasEnded, startGroup } from '../../sandbox/process-group.js'
import type { Relay } from '../bus/amqp/rabbit.js'

/** The answer of `/ready`. */
export interface Readiness {
  readonly ready: boolean
  readonly missing: readonly { readonly part: string; readonly reason: string }[]
  readonly degraded: readonly { readonly part: string; readonly reason: string }[]
}

/** One machine of the fleet: a real `mixmatch serve` with files of its own. */
export interface MixmatchNode {
  readonly name: string
  /** `http://127.0.0.1:<port>` of the proxy, and of the port for operators. */
  readonly url: string
  readonly opsUrl: string
  readonly databaseFile: string
  readonly logFile: string
  /** Start it, and return when its port for operators answers. */
  start(): Promise<void>
  /** SIGTERM, and wait until it has drained and ended. */
  stop(): Promise<void>
  /** SIGKILL to all its processes at once, as when the machine loses power. */
  kill(): Promise<void>
  pause(): void
  resume(): void
  /** Break its connections with all brokers and keep new ones from being made. */
  cutOff(): void
  reconnect(): void
  /** The CPU time of all its processes since they started. */
  cpuSeconds(): number
  readiness(): Promise<Readiness>
  untilReady(patienceMs?: number): Promise<void>
  /** Run a command of `mixmatch` with the configuration of this node. */
  command(...args: readonly string[]): Promise<Outcome>
}

export interface MixmatchNodeOptions {
  readonly name: string
  readonly port: number
  readonly opsPort: number
  /** The folder for its files. */
  readonly directory: string
  /** The text of `mixmatch.conf`. */
  readonly settings: string
  /** Its ways to the brokers. */
  readonly relays: readonly Relay[]
  /** Further environment variables. */
  readonly env?: Readonly<Record<string, string>>
}

const mainScript = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const START_MS = 120_000
const READY_MS = 120_000
const POLL_MS = 50

/** A node that is not running yet. */
export async function createMixmatchNode(options: MixmatchNodeOptions): Promise<MixmatchNode> {
  const { name, port, opsPort, directory, settings, relays } = options
  await mkdir(directory, { recursive: true })
  const configFile = join(directory, 'mixmatch.conf')
  await writeFile(configFile, settings, { mode: 0o600 })
  const logFile = join(directory, 'mixmatch.log')
  const opsUrl = `http://127.0.0.1:${opsPort}`
  const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith('OS_'))
  const env = { ...Object.fromEntries(inherited), ...options.env }
  const program = { mainScript, configFile, env }
  let group: Group | null = null
  let lastAnswer: Readiness | null = null

  const isRunning = () => group !== null && !hasEnded(group.leader)

  function signal(signalName: NodeJS.Signals): void {
    const pid = group?.leader.pid
    if (pid === undefined) throw new Error(`${name} does not run`)
    process.kill(-pid, signalName)
  }

  async function until(what: string, patienceMs: number, holds: () => Promise<boolean>) {
    lastAnswer = null
    const deadline = performance.now() + patienceMs
    while (!(await holds().catch(() => false))) {
      const late = performance.now() > deadline
      if (isRunning() && !late) {
        await sleep(POLL_MS)
        continue
      }
      const words = (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-12).join('\n')
      throw new Error(
        `${name} ${late ? `was not ${what} in time` : 'ended'}. Its last answer:\n` +
          `${JSON.stringify(lastAnswer)}\nIts last lines:\n${words}`,
      )
    }
  }

  async function readiness(): Promise<Readiness> {
    const response = await fetch(`${opsUrl}/ready`, { signal: AbortSignal.timeout(60_000) })
    lastAnswer = (await response.json()) as Readiness
    return lastAnswer
  }

  return {
    name,
    url: `http://127.0.0.1:${port}`,
    opsUrl,
    databaseFile: join(directory, 'events.db'),
    logFile,
    async start() {
      const log = await open(logFile, 'a', 0o600)
      const args = [mainScript, '--config-file', configFile, 'serve']
      group = startGroup(process.execPath, args, { env, stdio: ['ignore', log.fd, log.fd, 'ipc'] })
      await log.close()
      const answers = async () => (await fetch(`${opsUrl}/healthcheck`)).ok
      await until('healthy', START_MS, answers)
    },
    async stop() {
      if (!group || !isRunning()) return
      const ended = once(group.leader, 'exit') // it drains first, and then ends by itself
      group.leader.kill('SIGTERM')
      await ended
      await group.end()
      group = null
    },
    async kill() {
      if (!group || !isRunning()) return
      const ended = once(group.leader, 'exit')
      signal('SIGKILL')
      await ended
      await group.end()
      group = null
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    cutOff: () => relays.forEach(relay => void relay.cut()),
    cpuSeconds: () => (group?.leader.pid ? cpuSecondsOf(group.leader.pid) : 0),
    reconnect: () => relays.forEach(relay => void relay.mend()),
    readiness,
    untilReady: (patienceMs = READY_MS) =>
      until('ready', patienceMs, async () => (await readiness()).ready),
    command: (...args) => runMixmatchCommand(program, args),
  }
}

/** Linux counts CPU time in hundredths of a second. */
const TICKS_PER_SECOND = 100

/** The CPU time of the running processes of a group. */
function cpuSecondsOf(group: number): number {
  const ticks = readdirSync('/proc').map(name => {
    try {
      // After the name of the command: state, parent, group, …; user and system time are the 12th and 13th.
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
      return Number(fields[2]) === group ? Number(fields[11]) + Number(fields[12]) : 0
    } catch {
      return 0 // no process, or it has ended
    }
  })
  return ticks.reduce((sum, each) => sum + each, 0) / TICKS_PER_SECOND
}
