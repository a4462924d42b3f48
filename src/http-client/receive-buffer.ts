/**
 * Into this all plain connections read what is small: a read is handled before the next one begins.
 * TLS may decrypt for one connection while another is being handled, so each has a buffer of its own.
 */
const shared = Buffer.allocUnsafeSlow(64 * 1024)
const TLS_RECORD_BYTES = 16 * 1024
/** Of long bodies a connection takes as much at a time as the kernel has, without a copy. */
const LONG_READ_BYTES = 256 * 1024

/** The memory into which one connection reads. */
export interface ReceiveBuffer {
  /** Where the next bytes go. */
  next(): Buffer
  /** The next reads are of a long body. */
  expectLong(isLong: boolean): void
  /** What was read, as memory that is the caller's. */
  own(view: Buffer): Buffer
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
    own(view) {
      // A short piece would keep the whole buffer alive for as long as it is waited for.
      if (view.buffer !== long?.buffer || view.length < LONG_READ_BYTES / 4)
        return Buffer.from(view)
      long = null
      return view
    },
  }
}
