import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Logger } from 'pino'
import { z } from 'zod'
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

/** What a worker learned from an answer. */
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

/** What a reconcile found, or a worker did: events as they are, because they are whole already. */
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

/** One line: a number of the sender's own, and one observation of a worker, or whole events. */
const line = z.union([
  z
    .object({ n: number, observation })
    .transform(({ n, observation }) => ({ n, events: [observation] })),
  z.object({ n: number, events: z.array(whole) }),
])

/**
 * Take what others observed into the log, over a Unix socket that only this user can reach: a JSON
 * line each, answered with `{"appended": n}` once `append` has returned, that is once the views have
 * it. Only the process that holds the log listens, so a socket file that is there already was left
 * by one that died.
 */
export async function receiveObservations(
  path: string,
  append: (events: readonly Event[]) => void,
  logger: Logger,
): Promise<AsyncDisposable> {
  rmSync(path, { force: true })
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', error => logger.debug({ err: error }, 'who observes went away'))
    const lines = createInterface({ input: socket })
    lines.on('error', () => {}) // readline repeats the socket's own
    lines.on('line', text => {
      const parsed = line.safeParse(parseJson(text))
      if (!parsed.success) {
        logger.error({ problem: parsed.error.issues[0] }, 'an observation that is none was refused')
        socket.destroy()
        return
      }
      try {
        append(parsed.data.events)
        socket.write(`{"appended":${parsed.data.n}}\n`)
      } catch (error) {
        logger.error({ err: error }, 'an observation could not be appended; who made it keeps it')
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
