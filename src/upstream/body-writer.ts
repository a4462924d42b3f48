import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Writes the body of a response whose head is written. */
export interface BodyWriter {
  /**
   * @param onWritten called when the operating system has the chunk, or the connection is closed
   * @returns false if the caller should wait for `onDrain`
   */
  write(chunk: Buffer, onWritten: (() => void) | null): boolean
}

/**
 * Pieces of at least this length are written straight to the client's socket. `res.write` defers each
 * piece to the next turn of the event loop, so that the source would be paused and resumed for every piece.
 */
const STRAIGHT_BYTES = 64 * 1024

export function openBodyWriter(res: ServerResponse, onDrain: () => void): BodyWriter {
  let socket: Socket | null = null
  res.on('drain', onDrain)

  /** The socket, if the bytes of the body are sent as they are, and the response is the next one on it. */
  function straightTo(chunk: Buffer): Socket | null {
    if (chunk.length < STRAIGHT_BYTES || res.chunkedEncoding) return null
    if (socket === null && res.socket !== null) follow(res.socket)
    return socket
  }

  function follow(client: Socket): void {
    socket = client.on('drain', onDrain)
    res.once('close', () => client.off('drain', onDrain))
  }

  return {
    write(chunk, onWritten) {
      const straight = straightTo(chunk)
      if (!straight) return onWritten ? res.write(chunk, onWritten) : res.write(chunk)
      const hasRoom = straight.write(chunk, onWritten ?? undefined)
      return hasRoom || straight.writableLength === 0 // the system often takes all of it at once
    },
  }
}
