import type { ServerResponse } from 'node:http'

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
/** When so much waits for the client, the source is paused. Node would let four times as much wait. */
const MOST_WAITING_BYTES = 64 * 1024

export function openBodyWriter(res: ServerResponse, onDrain: () => void): BodyWriter {
  let isWaiting = false

  return {
    write(chunk, onWritten) {
      // Straight only if the bytes are sent as they are, and the response is the next one on the connection.
      const isStraight = chunk.length >= STRAIGHT_BYTES && !res.chunkedEncoding
      const target = (isStraight ? res.socket : null) ?? res
      target.write(chunk, () => {
        onWritten?.()
        if (!isWaiting || target.writableLength > 0) return
        isWaiting = false
        onDrain()
      })
      isWaiting ||= target.writableLength >= MOST_WAITING_BYTES // the system often takes all of it at once
      return !isWaiting
    },
  }
}
