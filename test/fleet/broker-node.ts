import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { connect } from 'amqplib'
import { type Group, hasEnded, startGroup } from '../../sandbox/process-group.js'
import { type BrokerFacts, brokerEnvironment, writeBrokerFiles } from './broker-files.js'

const run = promisify(execFile)

/** One node of a RabbitMQ cluster on loopback. */
export interface BrokerNode {
  readonly name: string
  readonly port: number
  /** Start the process. Its files stay from one start to the next. */
  start(): Promise<void>
  /** Wait until a client can log in. */
  answers(patienceMs?: number): Promise<void>
  kill(): Promise<void>
  pause(): void
  resume(): void
  /** Break the connections with the other nodes and keep new ones from being made. Clients still reach it. */
  isolate(): Promise<void>
  rejoin(): Promise<void>
  /** Run one of RabbitMQ's own commands against this node: `rabbitmqctl`, `rabbitmq-streams`. */
  command(program: string, ...args: readonly string[]): Promise<string>
  /** Stop it, if it runs, and delete its files. */
  discard(): Promise<void>
  close(): Promise<void>
}

/** Where Debian keeps the programs without its wrapper, which changes to another user. */
export const PROGRAMS = '/usr/lib/rabbitmq/bin'
const ANSWER_MS = 180_000

/** A node that is not running yet. */
export function createBrokerNode(facts: BrokerFacts, cookie: string): BrokerNode {
  const { name, port, home, distributionPort } = facts
  const env = brokerEnvironment(facts, process.env['PATH'] ?? '')
  let group: Group | null = null

  function signal(signalName: NodeJS.Signals): void {
    const pid = group?.leader.pid
    if (pid === undefined) throw new Error(`${name} does not run`)
    process.kill(-pid, signalName)
  }

  async function kill(): Promise<void> {
    if (!group || hasEnded(group.leader)) return
    const ended = once(group.leader, 'exit')
    signal('SIGKILL')
    await ended
    group = null
  }

  /** Evaluate Erlang in the node. `erl_call` is a small C program; `rabbitmqctl` would take two seconds. */
  async function evaluate(code: string): Promise<void> {
    const address = ['-address', `127.0.0.1:${distributionPort}`]
    const evaluation = run('erl_call', ['-c', cookie, ...address, '-e'], { env })
    evaluation.child.stdin?.end(`${code}\n`)
    const { stdout } = await evaluation
    if (!stdout.startsWith('{ok,')) throw new Error(`${name}: ${code}: ${stdout}`)
  }

  const others = facts.members.filter(member => member !== name).map(member => `'${member}'`)
  const eachOther = (code: string) =>
    evaluate(`lists:foreach(fun(N) -> ${code} end, [${others.join(',')}]).`)

  return {
    name,
    port,
    async start() {
      await writeBrokerFiles(facts)
      const log = await open(join(home, 'log'), 'a')
      group = startGroup(join(PROGRAMS, 'rabbitmq-server'), [], {
        env,
        cwd: home,
        stdio: ['ignore', log.fd, log.fd],
      })
      await log.close()
    },
    async answers(patienceMs = ANSWER_MS) {
      const [user] = facts.users
      if (!user) throw new Error('a broker has at least one user')
      const { name: username, password, vhost } = user
      const deadline = Date.now() + patienceMs
      for (;;) {
        try {
          const address = { hostname: '127.0.0.1', port, username, password, vhost }
          const connection = await connect({ protocol: 'amqp', ...address })
          return await connection.close()
        } catch (cause) {
          if (group && hasEnded(group.leader))
            throw new Error(`${name} ended: see ${join(home, 'log')}`, { cause })
          if (Date.now() > deadline)
            throw new Error(`${name} did not answer within ${patienceMs / 1000} s`, { cause })
        }
        await sleep(250)
      }
    },
    kill,
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    isolate: () => eachOther('erlang:set_cookie(N, cut_off), erlang:disconnect_node(N)'),
    rejoin: () => eachOther(`erlang:set_cookie(N, '${cookie}'), net_kernel:connect_node(N)`),
    async command(program, ...args) {
      const { stdout } = await run(join(PROGRAMS, program), ['--node', name, ...args], { env })
      return stdout
    },
    async discard() {
      await kill()
      await rm(home, { recursive: true, force: true })
    },
    close: kill,
  }
}
