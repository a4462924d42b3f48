import { setTimeout as sleep } from 'node:timers/promises'
import type { Chance } from '../sample/chance.js'
import type { BrokerNode } from './broker-node.js'
import type { MixmatchNode } from './mixmatch-node.js'

/** One kind of disturbance of a machine, and how it ends. */
interface Disturbance {
  readonly what: string
  readonly target: string
  begin(): void | Promise<void>
  /** Returns when the machine answers again. */
  end(): void | Promise<void>
}

/** What was done to which machine, and when (`performance.now()`, in ms). */
export interface Disturbed {
  readonly what: string
  readonly target: string
  readonly from: number
  readonly to: number
}

/** Several disturbances of one kind of machine, one after the other. */
export interface Disturbing {
  readonly done: readonly Disturbed[]
  /** End the running disturbance, and begin no other. */
  stop(): Promise<void>
}

/** How long a machine is disturbed, and how long all are left alone after that, in ms. */
const LEAST_MS = 1_500
const MOST_MS = 7_000
const CALM_MS = 1_500

/** SIGKILL, SIGSTOP, or no connection with the other brokers: each for some seconds. */
export function brokerDisturbances(node: BrokerNode): readonly Disturbance[] {
  const target = node.name
  return [
    {
      what: 'killed',
      target,
      begin: node.kill,
      async end() {
        await node.start()
        await node.answers()
      },
    },
    { what: 'paused', target, begin: node.pause, end: answersAfter(node, node.resume) },
    { what: 'isolated', target, begin: node.isolate, end: answersAfter(node, node.rejoin) },
  ]
}

function answersAfter(node: BrokerNode, end: () => void | Promise<void>) {
  return async () => {
    await end()
    await node.answers()
  }
}

/** SIGKILL, SIGSTOP, or no connection with any broker: each for some seconds. */
export function nodeDisturbances(node: MixmatchNode): readonly Disturbance[] {
  const target = node.name
  return [
    { what: 'killed', target, begin: node.kill, end: node.start },
    { what: 'paused', target, begin: node.pause, end: node.resume },
    { what: 'cut off', target, begin: node.cutOff, end: node.reconnect },
  ]
}

/** Disturb one machine after the other at random. Each disturbance comes once before any comes again. */
export function startDisturbing(
  disturbances: readonly Disturbance[],
  chance: Chance,
  say: (line: string) => void,
): Disturbing {
  const done: Disturbed[] = []
  const stopping = new AbortController()
  const pause = (ms: number) => sleep(ms, undefined, { signal: stopping.signal }).catch(() => {})

  async function run(): Promise<void> {
    let left: Disturbance[] = []
    while (!stopping.signal.aborted) {
      if (left.length === 0) left = [...disturbances]
      const [next] = left.splice(chance.below(left.length), 1)
      if (!next) return
      const ms = LEAST_MS + chance.below(MOST_MS - LEAST_MS)
      const { what, target } = next
      say(`${target}: ${what} for ${(ms / 1000).toFixed(1)} s`)
      const from = performance.now()
      await next.begin()
      await pause(ms)
      await next.end()
      done.push({ what, target, from, to: performance.now() })
      await pause(CALM_MS)
    }
  }

  const running = run()
  running.catch(() => {}) // `stop` reports it
  return {
    done,
    async stop() {
      stopping.abort()
      await running
    },
  }
}
