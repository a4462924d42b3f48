import type { Socket } from 'node:net'
import { ClientError } from './client-error.js'
import type { BodySink } from './exchange.js'

/**
 * Write a request body to a socket while it comes, with its length or in chunks.
 *
 * @param length bytes that the body must have; null for chunks
 * @param isRunning whether the exchange is still on its way: if not, nothing is written
 */
export function createBodySink(
  socket: Socket,
  length: number | null,
  events: {
    isRunning(): boolean
    /** The body is written to its end. */
    onEnd(): void
    onError(error: ClientError): void
  },
): BodySink {
  let written = 0

  function rejectLength(): false {
    const message = `the body has ${written} bytes instead of ${length}`
    events.onError(new ClientError('INVALID_REQUEST', message))
    return false
  }

  return {
    write(chunk) {
      if (!events.isRunning() || chunk.length === 0) return true
      written += chunk.length
      if (length === null) return writeChunk(socket, chunk)
      return written <= length ? socket.write(chunk) : rejectLength()
    },
    end() {
      if (!events.isRunning()) return
      if (length !== null && written !== length) return void rejectLength()
      if (length === null) socket.write('0\r\n\r\n', 'latin1')
      events.onEnd()
    },
  }
}

function writeChunk(socket: Socket, chunk: Buffer): boolean {
  socket.cork()
  socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1')
  socket.write(chunk)
  const isDrained = socket.write('\r\n', 'latin1')
  socket.uncork()
  return isDrained
}
