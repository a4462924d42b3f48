import { z } from 'zod'
import { type Load, type LoadResult, loadResult, slicesMessage } from './messages.js'
import type { Forwarder } from './peers.js'
import { memoryMebibytes, processTree } from './process-tree.js'
import { forkPart, nextMessage, type Program } from './program.js'

/** What is sent through a forwarder. */
export interface Subject extends Forwarder {
  /** Names the line of this subject. */
  readonly name: string
  readonly path: string
  readonly token: string
}

export interface SmallRequests {
  /** CPU of the process tree; the lowest decile of slices of 200 ms. */
  readonly micros: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of the largest process under this load. */
  readonly memoryMebibytes: number
}

const CONNECTIONS = 64
/** Until the compiler has seen everything. */
const WARM_UP_SECONDS = 6

/** The clients and the upstream, between which a forwarder stands. */
export interface Rig extends AsyncDisposable {
  readonly upstream: number
  /** Measure the subjects in turn, so that a machine that is slow for a while is slow for all. */
  measure(
    subjects: readonly Subject[],
    rounds: { readonly rounds: number; readonly seconds: number },
  ): Promise<SmallRequests[]>
}

export async function openRig(): Promise<Rig> {
  const upstream = forkPart('upstream.ts')
  const load = forkPart('load.ts')
  const port = z.number().parse(await nextMessage(upstream.child))

  return {
    upstream: port,
    async measure(subjects, { rounds, seconds }) {
      for (const subject of subjects) await sendLoad(load, subject, WARM_UP_SECONDS)
      const measured = subjects.map((): Round[] => [])
      for (let round = 0; round < rounds; round += 1) {
        for (const [index, subject] of subjects.entries()) {
          measured[index]?.push(await measureRound(subject, { upstream, load, seconds }))
        }
      }
      return measured.map(summarise)
    },
    async [Symbol.asyncDispose]() {
      await load[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

interface Round {
  readonly slices: readonly number[]
  readonly load: LoadResult
  readonly memoryMebibytes: number
}

async function measureRound(
  subject: Subject,
  { upstream, load, seconds }: { upstream: Program; load: Program; seconds: number },
): Promise<Round> {
  const pids = processTree(subject.program.pid)
  upstream.child.send({ watch: pids })
  const result = await sendLoad(load, subject, seconds)
  const memories = pids.map(pid => memoryMebibytes([pid], 'Rss'))
  upstream.child.send({ watch: [] })
  const { slices } = slicesMessage.parse(await nextMessage(upstream.child))
  return { slices, load: result, memoryMebibytes: Math.max(...memories) }
}

async function sendLoad(
  { child }: Program,
  { name, port, path, token }: Subject,
  seconds: number,
): Promise<LoadResult> {
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-Auth-Token: ${token}\r\n\r\n`
  child.send({ port, connections: CONNECTIONS, request, seconds } satisfies Load)
  const result = loadResult.parse(await nextMessage(child))
  if (result.failures > 0) throw new Error(`${name}: ${result.failures} requests failed`)
  return result
}

/** The best round counts, for each subject alike. */
function summarise(rounds: readonly Round[]): SmallRequests {
  const slices = rounds.flatMap(round => round.slices).sort((one, other) => one - other)
  const micros = slices[Math.floor(slices.length / 10)]
  if (micros === undefined) throw new Error('too few requests to measure')
  return {
    micros,
    perSecond: Math.max(...rounds.map(({ load }) => load.requests / load.seconds)),
    p50Ms: Math.min(...rounds.map(({ load }) => load.p50Ms)),
    p99Ms: Math.min(...rounds.map(({ load }) => load.p99Ms)),
    memoryMebibytes: Math.max(...rounds.map(round => round.memoryMebibytes)),
  }
}
