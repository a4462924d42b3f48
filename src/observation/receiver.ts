import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Logger } from 'pino'
import { z } from 'zod'
import { micros, projectId, resourceId, resourceTypes, spName } from '../ids.js'
import type { Observation } from './observation.js'

/** One line from a worker: a number of its own, and what it learned. */
const line = z.object({
  n: z.int().nonnegative(),
  observation: z.object({
    learned: z.enum(['created', 'found', 'missing']),
    serviceProvider: z.string().min(1).transform(spName),
    resource: z.object({
      type: z.enum(resourceTypes),
      id: z.string().min(1).transform(resourceId),
    }),
    project: z.string().transform(projectId).nullable(),
    parent: z.string().transform(resourceId).nullable(),
    observedAt: z.int().transform(micros),
    requestId: z.string(),
  }),
})

/**
 * Take observations from the proxy's workers over a Unix socket that only this user can reach: a
 * JSON line each, answered with `{"appended": n}` once `append` has returned, that is once the
 * views have it. Only the process that holds the log listens, so a socket file that is there
 * already was left by one that died.
 */
export async function receiveObservations(
  path: string,
  append: (observations: readonly Observation[]) => void,
  logger: Logger,
): Promise<AsyncDisposable> {
  rmSync(path, { force: true })
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', error => logger.debug({ err: error }, 'a worker went away'))
    const lines = createInterface({ input: socket })
    lines.on('error', () => {}) // readline repeats the socket's own
    lines.on('line', text => {
      const parsed = line.safeParse(json(text))
      if (!parsed.success) {
        logger.error({ problem: parsed.error.issues[0] }, 'an observation that is none was refused')
        socket.destroy()
        return
      }
      try {
        append([parsed.data.observation])
        socket.write(`{"appended":${parsed.data.n}}\n`)
      } catch (error) {
        logger.error({ err: error }, 'an observation could not be appended; its worker keeps it')
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

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
