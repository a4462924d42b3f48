import { createPiecePool, type PiecePool } from './piece-pool.js'

const READ_BYTES = 64 * 1024
/**
 * All connections without TLS read heads and short bodies into this one buffer, because each read is
 * handled before the next one begins. A TLS connection has its own buffer, because TLS may decrypt data
 * while the read of another connection is being handled.
 */
const shared = Buffer.allocUnsafeSlow(READ_BYTES)
const TLS_RECORD_BYTES = 16 * 1024
/**
 * After so many bytes of a body, the next ones are read in larger pieces, which costs less and needs no copy. A
 * client that does not read holds the piece that waits for it. Before that the kernel takes some hundred KB for a
 * client far away, and up to `net.ipv4.tcp_wmem` (4 MiB) for one that is near.
 */
const MIDDLE_BODY_BYTES = 512 * 1024
const LARGE_BODY_BYTES = 8 * 1024 * 1024
/** Of each size. A connection reads into one piece while another one is written. */
const MOST_FREE = 16

/** All connections share the free pieces, so that one whose client does not read keeps none. */
const copies = createPiecePool(READ_BYTES, MOST_FREE)
const middlePieces = createPiecePool(2 * READ_BYTES, MOST_FREE)
const largePieces = createPiecePool(4 * READ_BYTES, MOST_FREE)

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
  /** Choose the size of later reads by what has come of a body; 0 for a head, or if the receiver is slower. */
  expect(bodyBytes: number): void
  /** The bytes of a read as memory that the caller may keep. */
  keep(view: Buffer): ReceivedPiece
}

export function createReceiveBuffer(isTls: boolean): ReceiveBuffer {
  const small = isTls ? Buffer.allocUnsafeSlow(TLS_RECORD_BYTES) : shared
  let pool: PiecePool | null = null
  let current: { readonly piece: Buffer; readonly pool: PiecePool } | null = null
  return {
    next() {
      if (current && current.pool !== pool) {
        current.pool.giveBack(current.piece) // only here: until the socket gets the next memory, it may use it
        current = null
      }
      if (pool === null) return small
      current ??= { pool, piece: pool.take() }
      return current.piece
    },
    expect(bodyBytes) {
      if (bodyBytes < MIDDLE_BODY_BYTES) pool = null
      else pool = bodyBytes < LARGE_BODY_BYTES ? middlePieces : largePieces
    },
    keep(view) {
      const kept = current
      // A view of a few bytes would keep the whole memory of the piece until they are written.
      const isMuch = kept !== null && view.length >= kept.piece.length / 4
      if (!isMuch || view.buffer !== kept.piece.buffer) return copy(view)
      current = null
      return { data: view, release: () => kept.pool.giveBack(kept.piece) }
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
