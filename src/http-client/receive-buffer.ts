/**
 * All connections without TLS read heads and short bodies into this one buffer, because each read is
 * handled before the next one begins. A TLS connection has its own buffer, because TLS may decrypt data
 * while the read of another connection is being handled.
 */
const shared = Buffer.allocUnsafeSlow(64 * 1024)
const TLS_RECORD_BYTES = 16 * 1024
/** A long body is read in pieces of this size, which are passed on without a copy. */
const LONG_READ_BYTES = 256 * 1024
/** One is read into while the others are written. More wait only behind a client that is slower. */
const MOST_FREE = 3

/** Bytes that the receiver may keep. */
interface ReceivedPiece {
  readonly data: Buffer
  /**
   * Call it when the bytes are not needed any more: the next ones are then read into the same memory. New
   * memory for each piece would cost as much as reading it. Null for bytes of their own.
   */
  readonly release: (() => void) | null
}

/** The memory into which one connection reads. */
export interface ReceiveBuffer {
  /** The memory for the next read. */
  next(): Buffer
  /** Whether the next reads are of a long body. */
  expectLong(isLong: boolean): void
  /** The bytes of a read as memory that the caller may keep. */
  keep(view: Buffer): ReceivedPiece
}

export function createReceiveBuffer(isTls: boolean): ReceiveBuffer {
  const small = isTls ? Buffer.allocUnsafeSlow(TLS_RECORD_BYTES) : shared
  let isLong = false
  let long: Buffer | null = null
  let free: Buffer[] = []
  return {
    next() {
      if (!isLong) return small
      long ??= free.pop() ?? Buffer.allocUnsafeSlow(LONG_READ_BYTES)
      return long
    },
    expectLong(expected) {
      isLong = expected
      if (expected) return
      long = null
      free = []
    },
    keep(view) {
      // A view of a short piece would keep the whole buffer in memory until the piece is written.
      const memory = long
      if (view.buffer !== memory?.buffer || view.length < LONG_READ_BYTES / 4) {
        return { data: Buffer.from(view), release: null }
      }
      long = null
      const release = () => {
        if (isLong && free.length < MOST_FREE) free.push(memory)
      }
      return { data: view, release }
    },
  }
}
