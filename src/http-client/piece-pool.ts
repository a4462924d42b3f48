/** Memory of one size for bytes that are received and sent on. New memory would cost as much as reading them. */
export interface PiecePool {
  /** A piece whose content is undefined. */
  take(): Buffer
  /** Call it when nobody uses the piece any more: whoever takes one next may overwrite it. */
  giveBack(piece: Buffer): void
}

/** @param mostFree a piece that is given back to a pool with so many free ones is left to the garbage collector */
export function createPiecePool(bytes: number, mostFree: number): PiecePool {
  const free: Buffer[] = []
  return {
    take: () => free.pop() ?? Buffer.allocUnsafeSlow(bytes),
    giveBack(piece) {
      if (free.length < mostFree) free.push(piece)
    },
  }
}
