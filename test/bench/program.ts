import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { cpus } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { hasEnded, startGroup } from '../../sandbox/process-group.js'

/** Proxies run on the first core, and everything else on the others. So the proxy limits the rate. */
const last = cpus().length - 1
const cores = { proxy: '0', others: last > 0 ? `1-${last}` : '0', all: `0-${last}` } as const
type Cores = keyof typeof cores

/** Keep this process, and what it forks, from the core of the proxies. */
export function leaveProxyCore(): void {
  moveTo('others', process.pid)
}

/** Let a running process use these cores, with all its threads. */
export function moveTo(on: Cores, pid: number): void {
  execFileSync('taskset', ['-acp', cores[on], String(pid)], { stdio: 'ignore' })
}

export interface Program extends AsyncDisposable {
  readonly pid: number
  readonly child: ChildProcess
}

/** Start a program. @throws Error if it cannot start */
export function startProgram(command: string, args: readonly string[], on: Cores): Program {
  const group = startGroup('taskset', ['-c', cores[on], command, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const { pid } = group.leader
  if (pid === undefined) throw new Error(`${command} could not be started`)
  return { pid, child: group.leader, [Symbol.asyncDispose]: group.end }
}

/** Fork a TypeScript file of this folder, which talks by messages. */
export function forkPart(file: string, args: readonly string[] = []): Program {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args)
  const { pid } = child
  if (pid === undefined) throw new Error(`${file} could not be started`)
  return {
    pid,
    child,
    async [Symbol.asyncDispose]() {
      if (hasEnded(child)) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

export async function nextMessage(child: ChildProcess): Promise<unknown> {
  const [message] = await once(child, 'message')
  return message
}

/** Wait until a port accepts connections. @throws Error if the program ends before that */
export async function listening(port: number, { child }: Program): Promise<void> {
  while (!(await accepts(port))) {
    if (hasEnded(child)) throw new Error(`${child.spawnargs.join(' ')} ended: ${child.exitCode}`)
    await setTimeout(20)
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

export function isInstalled(program: string): boolean {
  return [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'].some(directory =>
    existsSync(join(directory, program)),
  )
}
