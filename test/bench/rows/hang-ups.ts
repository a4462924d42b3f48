import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { openDescriptors, processTree } from '../process-tree.js'
import { forkPart, nextMessage } from '../program.js'
import { limited, type Result } from '../result.js'
import type { Row, RowOptions } from '../row.js'
import { openScene } from '../scene.js'

/** Clients that leave: no process dies, and no connection stays open. */
export const hangUps: Row = {
  name: 'hang-ups',
  title: 'clients that leave: 800 before the response, 800 in the middle of a download',
  measure,
}

const CLIENTS = 800
const RESOURCES = 100_000
/** Longer than the proxy keeps idle connections to a cloud. */
const PATIENCE_MS = 20_000

async function measure(options: RowOptions): Promise<readonly Result[]> {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  await using store = forkPart('image-store.ts', [String(2 ** 30)])
  const image = z.number().parse(await nextMessage(store.child))
  try {
    return [
      await leave('before the response', (silent.address() as AddressInfo).port, options, false),
      await leave('in the middle of a download', image, options, true),
    ]
  } finally {
    silent.closeAllConnections()
    silent.close()
  }
}

/** How many descriptors the proxy has more, some time after all clients left. */
async function leave(
  when: string,
  upstream: number,
  options: RowOptions,
  isAnswered: boolean,
): Promise<Result> {
  await using scene = await openScene(options)
  const { imagePath, ...mixmatch } = await scene.startMixmatch(RESOURCES, { upstream })
  const request = `GET ${imagePath('default')}/file HTTP/1.1\r\nHost: proxy\r\nX-Auth-Token: ${scene.token}\r\n\r\n`
  const pids = processTree(mixmatch.program.pid)
  await leaveAtOnce(1, mixmatch.port, request, isAnswered) // opens what stays open: token, views
  await setTimeout(PATIENCE_MS / 4)
  const before = descriptors(pids)
  await leaveAtOnce(CLIENTS, mixmatch.port, request, isAnswered)
  const until = performance.now() + PATIENCE_MS
  while (descriptors(pids) > before && performance.now() < until) await setTimeout(200)
  if (processTree(mixmatch.program.pid).join() !== pids.join()) throw new Error('a process died')
  const left = Math.max(0, descriptors(pids) - before)
  return limited(`descriptors left by clients that leave ${when}`, left, {
    unit: '',
    bar: { atMost: 0 },
  })
}

async function leaveAtOnce(
  count: number,
  port: number,
  request: string,
  isAnswered: boolean,
): Promise<void> {
  const sockets = await Promise.all(
    Array.from({ length: count }, async (): Promise<Socket> => {
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      await once(socket, 'connect')
      socket.write(request)
      if (isAnswered) await once(socket, 'data')
      return socket.pause()
    }),
  )
  await setTimeout(1000) // the requests are on their way to the cloud
  for (const socket of sockets) socket.destroy()
}

function descriptors(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + openDescriptors(pid), 0)
}
