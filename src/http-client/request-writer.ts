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

/**
 * After so many bytes of a body, the pieces that have arrived are written together. Node reads a body in pieces of
 * 64 KiB. With a quarter of the writes, an upload takes up to 6 % less CPU and is 6 to 13 % faster.
 */
const LARGE_BODY_BYTES = 512 * 1024
/** Pieces of so many bytes are written at once, others when all data that has arrived is read. */
const BATCH_BYTES = 256 * 1024

/** @param length bytes that the body must have; null for chunks */
function createBodySink(socket: Socket, length: number | null, events: WriterEvents): BodySink {
  let written = 0
  let waiting: Buffer[] = []
  let waitingBytes = 0
  let isScheduled = false

  function rejectLength(): false {
    const message = `the body has ${written} bytes instead of ${length}`
    events.onError(new ClientError('INVALID_REQUEST', message))
    return false
  }

  function writeWaiting(): void {
    if (waitingBytes === 0) return
    if (length === null) writeChunk(socket, waiting, waitingBytes)
    else writePieces(socket, waiting)
    waiting = []
    waitingBytes = 0
  }

  function schedule(): void {
    if (isScheduled) return
    isScheduled = true
    setImmediate(() => {
      isScheduled = false
      if (events.isRunning()) writeWaiting()
    })
  }

  return {
    write(chunk) {
      if (!events.isRunning() || chunk.length === 0) return true
      written += chunk.length
      if (length !== null && written > length) return rejectLength()
      waiting.push(chunk)
      waitingBytes += chunk.length
      if (written < LARGE_BODY_BYTES || waitingBytes >= BATCH_BYTES) writeWaiting()
      else schedule()
      // Often the system takes all at once. Then pausing the source would cost as much as writing.
      return !socket.writableNeedDrain || socket.writableLength === 0
    },
    end() {
      if (!events.isRunning()) return
      if (length !== null && written !== length) return void rejectLength()
      writeWaiting()
      if (length === null) socket.write('0\r\n\r\n', 'latin1')
      events.onEnd()
    },
  }
}

function writeChunk(socket: Socket, pieces: readonly Buffer[], bytes: number): void {
  socket.cork()
  socket.write(`${bytes.toString(16)}\r\n`, 'latin1')
  writePieces(socket, pieces)
  socket.write('\r\n', 'latin1')
  socket.uncork()
}

function writePieces(socket: Socket, pieces: readonly Buffer[]): void {
  socket.cork()
  for (const piece of pieces) socket.write(piece, () => freeMemory(piece))
  socket.uncork()
}
