/** How long to wait before trying again. */
export interface Backoff {
  /** The longest first wait, in milliseconds. */
  readonly firstMs: number
  /** The longest wait of all, in milliseconds. */
  readonly capMs: number
}

export const DEFAULT_BACKOFF: Backoff = { firstMs: 1000, capMs: 30_000 }

/**
 * Exponential backoff, capped, with full jitter: any time up to the bound, which doubles with each
 * failure, so that many proxies do not come back to a broker in step.
 *
 * @param failures in a row so far, 1 or more
 * @param random a number from 0 to 1
 */
export function waitMs({ firstMs, capMs }: Backoff, failures: number, random: number): number {
  return random * Math.min(capMs, firstMs * 2 ** Math.min(failures - 1, 30))
}
