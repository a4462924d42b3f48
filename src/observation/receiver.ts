import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Logger } from 'pino'
import * as z from 'zod'
import { type Event, eventKinds } from '../event/event.js'
import { micros, projectId, resourceId, resourceTypes, spName } from '../ids.js'
import { parseJson } from '../json.js'
import { toEvent } from './observation.js'

const id = z.string().min(1)
const resource = z.object({ type: z.enum(resourceTypes), id: id.transform(resourceId) })
const project = z.string().transform(projectId).nullable()
const parent = z.string().transform(resourceId).nullable()
const time = z.int().transform(micros)
const number = z.int().nonnegative()

/** An observation of a worker. */
const observation = z
  .object({
    learned: z.enum(['created', 'found', 'missing', 'absent']),
    serviceProvider: id.transform(spName),
    resource,
    project,
    parent,
    observedAt: time,
    requestId: z.string(),
  })
  .transform(toEvent)

/** Complete events, of a reconcile or of a worker. */
const whole = z.object({
  serviceProvider: id.transform(spName),
  source: z.enum(['reconcile', 'proxy']),
  messageId: id,
  eventType: id,
  kind: z.enum(eventKinds),
  emittedAt: time.nullable(),
  resource: resource.nullable(),
  project,
  parent,
  wire: z.object({
    exchange: z.string(),
    routingKey: z.string(),
    envelope: z.enum(['2.0', '1.0', 'none']),
  }),
  body: z.string(),
})

/** One line: its number from the sender, and one observation or complete events. */
const line = z.union([
  z
    .object({ n: number, observation })
    .transform(({ n, observation }) => ({ n, events: [observation] })),
  z.object({ n: number, events: z.array(whole) }),
])

/**
 * Append the observations of other processes. They arrive on a Unix socket that only this user can open,
 * one line of JSON each. A line is confirmed with `{"appended": n}` when `append` has returned, so the
 * views contain it. Only the process that holds the log listens: an existing socket file belongs to a
 * dead process.
 */
export async function receiveObservations(
  path: string,
  append: ((events: readonly Event[]) => void) | ((events: readonly Event[]) => Promise<void>),
  logger: Logger,
): Promise<AsyncDisposable> {
  rmSync(path, { force: true })
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', error =>
      logger.debug({ err: error }, 'a sender of observations disconnected'),
    )
    const lines = createInterface({ input: socket })
    lines.on('error', () => {}) // the socket emits the same error too
    lines.on('line', async text => {
      const parsed = line.safeParse(parseJson(text))
      if (!parsed.success) {
        logger.error(
          { problem: parsed.error.issues[0] },
          'a malformed observation was rejected, and its sender disconnected',
        )
        socket.destroy()
        return
      }
      try {
        await append(parsed.data.events)
        socket.write(`{"appended":${parsed.data.n}}\n`)
      } catch (error) {
        logger.error(
          { err: error },
          'an observation could not be appended; its sender will send it again',
        )
        socket.destroy()
      }
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  chmodSync(path, 0o600)
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
      rmSync(path, { force: true })
    },
  }
}
