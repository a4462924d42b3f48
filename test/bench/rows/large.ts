import { z } from 'zod'
import { startFederation } from '../../../sandbox/federation.js'
import { openHistory } from '../history.js'
import { type Transfer, transferResult } from '../messages.js'
import { logIn, startMixmatch } from '../mixmatch.js'
import { type Forwarder, installPeers, startNginx, startNodePeer } from '../peers.js'
import { cpuNanoseconds, processTree } from '../process-tree.js'
import { forkPart, nextMessage } from '../program.js'
import { type Bar, type Result, ratio } from '../result.js'
import type { Row, RowOptions } from '../row.js'

/** Image data, beside nginx without buffers and http-proxy. */
export const large: Row = {
  name: 'large',
  title: 'image data: 1 GiB, one connection',
  measure,
}

/** Smaller in the quick form. */
const FULL_BYTES = 2 ** 30
const QUICK_BYTES = 2 ** 28

interface Speed {
  readonly megabytesPerSecond: number
  readonly cpuSeconds: number
}

const kinds = ['GET', 'PUT, chunked', 'PUT, sized'] as const
type Kind = (typeof kinds)[number]

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

async function measure({ folder, quick }: RowOptions): Promise<readonly Result[]> {
  installPeers()
  const size = quick ? QUICK_BYTES : FULL_BYTES
  const federation = await startFederation({ clouds: ['default', 'sp1', 'sp2'] })
  const forwarders: Forwarder[] = []
  await using store = forkPart('image-store.ts', [String(size)])
  await using client = forkPart('transfer.ts')
  const upstream = z.number().parse(await nextMessage(store.child))

  async function transfer({ port, program }: Forwarder, kind: Kind): Promise<Speed> {
    const method = kind === 'GET' ? 'GET' : 'PUT'
    const upload = kind === 'GET' ? 0 : size
    const head = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-Auth-Token: ${token}\r
Content-Type: application/octet-stream\r\n${framing(kind, size)}\r\n`
    const pids = processTree(program.pid)
    const before = cpuNanoseconds(pids)
    client.child.send({ port, head, upload, chunked: kind === 'PUT, chunked' } satisfies Transfer)
    const { status, bytes, seconds } = transferResult.parse(await nextMessage(client.child))
    if (status >= 300 || bytes + upload !== size) {
      throw new Error(`${kind}: status ${status}, ${bytes} bytes received`)
    }
    return {
      megabytesPerSecond: size / 1e6 / seconds,
      cpuSeconds: (cpuNanoseconds(pids) - before) / 1e9,
    }
  }

  async function inTurn(kind: Kind, rounds: number): Promise<Speed[]> {
    const speeds = forwarders.map((): Speed[] => [])
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, forwarder] of forwarders.entries()) {
        speeds[index]?.push(await transfer(forwarder, kind))
      }
    }
    return speeds.map(best)
  }

  const { logFile, imagePath } = openHistory(folder, 100_000)
  const path = `${imagePath('default')}/file`
  const token = await logIn(federation)
  try {
    const serviceProviders = ['sp1', 'sp2']
    forwarders.push(
      await startMixmatch({
        ...{ command: 'proxy', folder, logFile, federation, serviceProviders, upstream },
      }),
      await startNginx(upstream, folder),
      await startNodePeer('http-proxy', upstream),
    )
    const rounds = quick ? 2 : 5
    const results: Result[] = []
    for (const kind of kinds) results.push(...compare(kind, await inTurn(kind, rounds)))
    return results
  } finally {
    for (const { program } of forwarders) await program[Symbol.asyncDispose]()
    await federation.close()
  }
}

/** Rates and CPU beside nginx, and the rate of uploads beside http-proxy. */
function compare(kind: Kind, speeds: readonly Speed[]): Result[] {
  const [ours, nginx, httpProxy] = speeds
  if (!ours || !nginx || !httpProxy) throw new Error('expected three forwarders')
  const rate = (what: string, name: string, other: Speed, bar: Bar | null) =>
    ratio(
      what,
      ours.megabytesPerSecond,
      { name, value: other.megabytesPerSecond },
      { unit: 'MB/s', bar },
    )
  const isDownload = kind === 'GET'
  return [
    rate(kind, 'nginx', nginx, { atLeast: isDownload ? 0.8 : 0.45 }),
    rate(
      `${kind}, beside http-proxy`,
      'http-proxy',
      httpProxy,
      isDownload ? null : { atLeast: 1.3 },
    ),
    ratio(
      `${kind}, CPU`,
      ours.cpuSeconds,
      { name: 'nginx', value: nginx.cpuSeconds },
      { unit: 's', bar: isDownload ? { atMost: 1.25 } : null },
    ),
    ratio(
      `${kind}, CPU beside http-proxy`,
      ours.cpuSeconds,
      { name: 'http-proxy', value: httpProxy.cpuSeconds },
      { unit: 's', bar: null },
    ),
  ]
}

function best(speeds: readonly Speed[]): Speed {
  return {
    megabytesPerSecond: Math.max(...speeds.map(each => each.megabytesPerSecond)),
    cpuSeconds: Math.min(...speeds.map(each => each.cpuSeconds)),
  }
}
