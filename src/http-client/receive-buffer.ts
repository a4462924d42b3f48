/**
 * All connections without TLS read heads and short bodies into this one buffer, because each read is
 * handled before the next one begins. A TLS connection has its own buffer, because TLS may decrypt data
 * while the read of another connection is being handled.
 */
const shared = Buffer.allocUnsafeSlow(64 * 1024)
const TLS_RECORD_BYTES = 16 * 1024
/** A long body is read in pieces of this size, which are passed on without a copy. */
const LONG_READ_BYTES = 256 * 1024

/** The memory into which one connection reads. */
export interface ReceiveBuffer {
  /** The memory for the next read. */
  next(): Buffer
  /** Whether the next reads are of a long body. */
  expectLong(isLong: boolean): void
  /** The bytes of a read as memory that the caller may keep. */
  keep(view: Buffer): Buffer
}

export function createReceiveBuffer(isTls: boolean): ReceiveBuffer {
  const small = isTls ? Buffer.allocUnsafeSlow(TLS_RECORD_BYTES) : shared
  let isLong = false
  let long: Buffer | null = null
  return {
    next() {
      if (!isLong) return small
      long ??= Buffer.allocUnsafeSlow(LONG_READ_BYTES)
      return long
    },
    expectLong(expected) {
      isLong = expected
      if (!expected) long = null
    },
    keep(view) {
      // A view of a short piece would keep the whole buffer in memory until the piece is written.
      if (view.buffer !== long?.buffer || view.length < LONG_READ_BYTES / 4)
        return Buffer.from(view)
      long = null
      return view
    },
  }
}
