import { createPiecePool } from './piece-pool.js'

const READ_BYTES = 64 * 1024
/**
 * All connections without TLS read heads and short bodies into this one buffer, because each read is
 * handled before the next one begins. A TLS connection has its own buffer, because TLS may decrypt data
 * while the read of another connection is being handled.
 */
const shared = Buffer.allocUnsafeSlow(READ_BYTES)
const TLS_RECORD_BYTES = 16 * 1024
/** A long body is read in pieces of this size, which are passed on without a copy. */
const LONG_READ_BYTES = 256 * 1024
/** Of each size. A connection reads into one piece while another one is written. */
const MOST_FREE = 16

/** All connections share these, so that a connection whose client does not read keeps no free piece. */
const copies = createPiecePool(READ_BYTES, MOST_FREE)
const longPieces = createPiecePool(LONG_READ_BYTES, MOST_FREE)

/** Bytes that the receiver may keep. */
interface ReceivedPiece {
  readonly data: Buffer
  /**
   * Call it when the bytes are not needed any more: the next ones, of any connection, are then received in the
   * same memory. Null for bytes of their own.
   */
  readonly release: (() => void) | null
}

/** The memory into which one connection reads. */
export interface ReceiveBuffer {
  /** The memory for the next read. */
  next(): Buffer
  /** Whether the next reads are of a long body, and its receiver takes them at once. */
  expectLong(isLong: boolean): void
  /** The bytes of a read as memory that the caller may keep. */
  keep(view: Buffer): ReceivedPiece
}

export function createReceiveBuffer(isTls: boolean): ReceiveBuffer {
  const small = isTls ? Buffer.allocUnsafeSlow(TLS_RECORD_BYTES) : shared
  let isLong = false
  let long: Buffer | null = null
  return {
    next() {
      if (isLong) {
        long ??= longPieces.take()
        return long
      }
      if (long) longPieces.giveBack(long) // only here: until the socket gets the next memory, it may use it
      long = null
      return small
    },
    expectLong(expected) {
      isLong = expected
    },
    keep(view) {
      const piece = long
      // A view of a short piece would keep the whole memory of it until the piece is written.
      if (view.buffer !== piece?.buffer || view.length < LONG_READ_BYTES / 4) return copy(view)
      long = null
      return { data: view, release: () => longPieces.giveBack(piece) }
    },
  }
}

function copy(view: Buffer): ReceivedPiece {
  const isMuch = view.length > READ_BYTES / 2 && view.length <= READ_BYTES
  if (!isMuch) return { data: Buffer.from(view), release: null }
  const piece = copies.take()
  view.copy(piece)
  return { data: piece.subarray(0, view.length), release: () => copies.giveBack(piece) }
}
