import type { Socket } from 'node:net'
import { ClientError } from './client-error.js'
import type { BodySink, ClientRequest } from './exchange.js'
import { freeMemory } from './free-memory.js'

/** Called while a streamed body is written. */
interface WriterEvents {
  /** Whether the exchange is still running: if not, nothing more is written. */
  isRunning(): boolean
  /** The whole body is written. */
  onEnd(): void
  onError(error: ClientError): void
}

/**
 * Write a request to a socket.
 *
 * @param head from `formatRequestHead`, for this body
 * @returns whether the whole request is written; if not, `events.onEnd` is called later
 */
export function writeRequest(
  socket: Socket,
  head: string,
  body: ClientRequest['body'],
  events: WriterEvents,
): boolean {
  if (!Buffer.isBuffer(body)) {
    socket.write(head, 'latin1')
    body?.start(createBodySink(socket, body.length, events))
    return body === null
  }
  socket.cork()
  socket.write(head, 'latin1')
  socket.write(body)
  socket.uncork()
  return true
}

/** @param length bytes that the body must have; null for chunks */
function createBodySink(socket: Socket, length: number | null, events: WriterEvents): BodySink {
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
      if (written > length) return rejectLength()
      return socket.write(chunk, () => freeMemory(chunk)) || isEmpty(socket)
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
  socket.write(chunk, () => freeMemory(chunk))
  const hasRoom = socket.write('\r\n', 'latin1')
  socket.uncork()
  return hasRoom || isEmpty(socket)
}

/** Often the system takes all at once. Then pausing the source would cost as much as writing. */
function isEmpty(socket: Socket): boolean {
  return socket.writableLength === 0
}
