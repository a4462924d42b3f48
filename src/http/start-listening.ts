import type { Server } from 'node:net'
import { MixmatchError } from '../errors.js'

/**
 * Start to listen.
 *
 * @param group the option group of host and port, for the error message
 * @throws CANNOT_LISTEN
 */
export function startListening(
  server: Server,
  { host, port }: { host: string; port: number },
  group: 'DEFAULT' | 'ops',
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException) => {
      const isTaken = cause.code === 'EADDRINUSE'
      const why = isTaken ? 'another process listens there' : cause.message
      const advice = `Set another [${group}] host and port${isTaken ? ', or stop that process' : ''}.`
      const message = `${host}:${port}: ${why}. ${advice}`
      reject(new MixmatchError('CANNOT_LISTEN', message, { cause }))
    }
    server.once('error', onError)
    server.listen(port, host, () => {
      server.off('error', onError)
      resolve()
    })
  })
}
