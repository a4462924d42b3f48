import { z } from 'zod'
import { type Transfer, transferResult } from './messages.js'
import type { Forwarder } from './peers.js'
import { cpuNanoseconds, processTree } from './process-tree.js'
import { forkPart, nextMessage } from './program.js'
import type { RowOptions } from './row.js'

/** How an image is transferred. */
export const kinds = ['GET', 'PUT, chunked', 'PUT, sized'] as const
export type Kind = (typeof kinds)[number]

/** The best of all rounds. */
export interface Speed {
  readonly megabytesPerSecond: number
  readonly cpuSeconds: number
}

/** A forwarder, and the request for an image through it. */
interface Subject extends Forwarder {
  readonly path: string
  readonly token: string
}

/** A client, and a cloud that sends and reads images, between which a forwarder stands. */
interface TransferRig extends AsyncDisposable {
  readonly upstream: number
  /** Transfer an image through each subject in turn. */
  measure(subjects: readonly Subject[], kind: Kind): Promise<Speed[]>
}

const FULL = { bytes: 2 ** 30, rounds: 5 }
const QUICK = { bytes: 2 ** 28, rounds: 2 }

export async function openTransferRig({ quick }: Pick<RowOptions, 'quick'>): Promise<TransferRig> {
  const { bytes: size, rounds } = quick ? QUICK : FULL
  const store = forkPart('image-store.ts', [String(size)])
  const client = forkPart('transfer.ts')
  const upstream = z.number().parse(await nextMessage(store.child))

  async function transfer({ port, program, path, token }: Subject, kind: Kind): Promise<Speed> {
    const method = kind === 'GET' ? 'GET' : 'PUT'
    const upload = kind === 'GET' ? 0 : size
    const head = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-Auth-Token: ${token}\r
Content-Type: application/octet-stream\r\n${framing(kind, size)}\r\n`
    const pids = processTree(program.pid)
    const before = cpuNanoseconds(pids)
    const message: Transfer = { port, head, upload, chunked: kind === 'PUT, chunked' }
    client.child.send(message)
    const { status, bytes, seconds } = transferResult.parse(await nextMessage(client.child))
    if (status >= 300 || bytes + upload !== size) {
      throw new Error(`${kind}: status ${status}, ${bytes} bytes received`)
    }
    return {
      megabytesPerSecond: size / 1e6 / seconds,
      cpuSeconds: (cpuNanoseconds(pids) - before) / 1e9,
    }
  }

  return {
    upstream,
    async measure(subjects, kind) {
      const speeds = subjects.map((): Speed[] => [])
      for (let round = 0; round < rounds; round += 1) {
        for (const [index, subject] of subjects.entries()) {
          speeds[index]?.push(await transfer(subject, kind))
        }
      }
      return speeds.map(best)
    },
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

function framing(kind: Kind, bytes: number): string {
  switch (kind) {
    case 'GET':
      return ''
    case 'PUT, chunked':
      return 'Transfer-Encoding: chunked\r\n'
    case 'PUT, sized':
      return `Content-Length: ${bytes}\r\n`
    default:
      return kind satisfies never
  }
}

function best(speeds: readonly Speed[]): Speed {
  return {
    megabytesPerSecond: Math.max(...speeds.map(each => each.megabytesPerSecond)),
    cpuSeconds: Math.min(...speeds.map(each => each.cpuSeconds)),
  }
}
