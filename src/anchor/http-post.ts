import { MixmatchError } from '../errors.js'
import { createOriginPools } from '../http-client/origin-pools.js'
import { readWholeResponseOnce } from '../http-client/whole-response.js'

/** Longer than any time stamp with its certificates. */
const MAX_BYTES = 256 * 1024
const TIMEOUT_MS = 30_000

interface PostedBytes {
  readonly type: string
  readonly accept: string
  readonly body: Buffer
  /** Other headers: names and values in turn. */
  readonly headers?: readonly string[]
}

/**
 * POST to a server outside of the federation.
 *
 * @returns the body of a 2xx response
 * @throws ANCHOR_FAILED
 */
export async function postBytes(
  url: string,
  { type, accept, body, headers = [] }: PostedBytes,
): Promise<Buffer> {
  const { origin, pathname, search } = new URL(url)
  const pools = createOriginPools({ connections: 1, connectTimeoutMs: TIMEOUT_MS })
  try {
    const response = await readWholeResponseOnce(pools.pool(origin), {
      method: 'POST',
      path: `${pathname}${search}`,
      headers: ['Content-Type', type, 'Accept', accept, ...headers],
      body,
      maxBytes: MAX_BYTES,
      headersTimeoutMs: TIMEOUT_MS,
      idleTimeoutMs: TIMEOUT_MS,
      signal: AbortSignal.timeout(2 * TIMEOUT_MS),
    })
    if (response.status >= 200 && response.status < 300) return response.body
    throw new MixmatchError('ANCHOR_FAILED', `${url}: answered ${response.status}.`)
  } catch (error) {
    if (error instanceof MixmatchError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new MixmatchError('ANCHOR_FAILED', `${url}: ${reason}`, { cause: error })
  } finally {
    pools.destroy()
  }
}
