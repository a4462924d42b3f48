import type { Dispatcher } from 'undici'
import { MixmatchError } from '../errors.js'
import { type Timeouts, upstreamFailure } from './failure.js'
import { type RawHeaders, withoutHeader } from './headers.js'

/** An answer that was read whole. */
export interface Asked {
  readonly status: number
  readonly headers: RawHeaders
  readonly text: string
}

/** Twice a thousand volumes with all their details, and more. */
const MAX_BYTES = 16 * 1024 * 1024

/**
 * Read something with a GET. A connection that breaks before the answer was kept alive too long, as
 * a rule, so that it is tried once more.
 *
 * @param what names the request in what may go wrong: `Service provider "sp1": GET /v2/images`
 * @throws SERVICE_PROVIDER_UNREACHABLE, SERVICE_PROVIDER_TIMEOUT, SERVICE_PROVIDER_BROKE_OFF
 */
export async function ask(
  pool: Dispatcher,
  { path, headers, what }: { path: string; headers: RawHeaders; what: string },
  timeouts: Timeouts,
  signal: AbortSignal,
): Promise<Asked> {
  const request: Dispatcher.RequestOptions = {
    method: 'GET',
    path,
    // What has to be read must not come in a coding.
    headers: [...withoutHeader(headers, 'accept-encoding'), 'Accept-Encoding', 'identity'],
    headersTimeout: timeouts.headersTimeoutMs,
    bodyTimeout: timeouts.idleTimeoutMs,
    signal,
  }
  try {
    const answer = await pool.request(request).catch(error => {
      if (signal.aborted || !isBrokenConnection(error)) throw error
      return pool.request(request)
    })
    const text = await textOf(answer.body, what)
    return { status: answer.statusCode, headers: rawHeaders(answer.headers), text }
  } catch (error) {
    if (signal.aborted) throw tooLate(what, error)
    throw upstreamFailure(error, { what, sent: isBrokenConnection(error), timeouts })
  }
}

function isBrokenConnection(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].some(code => code === error.code)
}

async function textOf(body: AsyncIterable<Buffer>, what: string): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > MAX_BYTES) {
      const message = `${what}: the answer is longer than ${MAX_BYTES} bytes.`
      throw new MixmatchError('SERVICE_PROVIDER_BROKE_OFF', message)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function tooLate(what: string, cause: unknown): MixmatchError {
  return new MixmatchError('SERVICE_PROVIDER_TIMEOUT', `${what}: no answer in time.`, { cause })
}

function rawHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): RawHeaders {
  return Object.entries(headers).flatMap(([name, values = []]) =>
    [values].flat().flatMap(value => [name, value]),
  )
}
