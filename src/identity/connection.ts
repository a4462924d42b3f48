import { type FaultCode, MixmatchError } from '../errors.js'
import { codeOf } from '../http-client/client-error.js'
import { createOriginPools, type OriginPools, type Trust } from '../http-client/origin-pools.js'
import { headerValue, headerValues } from '../http-client/raw-headers.js'
import { readWholeResponse } from '../http-client/whole-response.js'

export interface Timeouts {
  readonly connectTimeoutMs: number
  /** From the first byte sent to the last received, waiting for a free connection included. */
  readonly answerTimeoutMs: number
}

export interface Question {
  /** What is being done, for errors: `asking for an assertion`. */
  readonly step: string
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export interface Answer {
  readonly status: number
  /** Lower-case names; null where the field is absent. */
  header(name: string): string | null
  readonly cookies: readonly string[]
  readonly body: Buffer
}

/**
 * Ask once and read the whole answer. A redirect is an answer, and is not followed.
 *
 * @throws the faults that the connection was opened with, where there is none or it is 502, 503 or 504
 */
export type Ask = (question: Question) => Promise<Answer>

export interface ConnectionOptions extends Trust, Timeouts {
  /** Who is asked, at the head of every error: `Service provider "sp1"`. */
  readonly peer: string
  readonly faults: { readonly unreachable: FaultCode; readonly timeout: FaultCode }
}

/** More at once would only make a Keystone that is slow already slower. */
const CONNECTIONS = 16
/** A token with a large catalog has some 100 KB. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024

/**
 * Keep-alive connections to one cloud's Keystone.
 *
 * @throws CONFIG_INVALID where `cafile` cannot be read
 */
export function openConnection(options: ConnectionOptions): { ask: Ask; close(): Promise<void> } {
  const { peer, faults, answerTimeoutMs } = options
  const pools = openPools(options)

  async function askTwiceIfStale(question: Question): Promise<Answer> {
    const { method, url, headers, body = null } = question
    const { origin, pathname, search } = new URL(url)
    // Keystone closes idle connections; every question here may safely be asked again.
    const response = await readWholeResponse(pools.pool(origin).dispatcher, {
      method,
      path: `${pathname}${search}`,
      headers: Object.entries(headers).flat(),
      body,
      maxBytes: MAX_ANSWER_BYTES,
      headersTimeoutMs: 0,
      idleTimeoutMs: 0,
      signal: AbortSignal.timeout(answerTimeoutMs),
    })
    return {
      status: response.status,
      header: name => headerValue(response.headers, name) ?? null,
      cookies: headerValues(response.headers, 'set-cookie'),
      body: response.body,
    }
  }

  return {
    async ask(question) {
      const asking = `${peer}: ${question.step}: ${question.method} ${question.url}`
      const answer = await askTwiceIfStale(question).catch((cause: unknown) => {
        const timedOut = timeouts.has(codeOf(cause))
        const code = timedOut ? faults.timeout : faults.unreachable
        const found = timedOut ? `no answer within ${answerTimeoutMs} ms` : codeOf(cause)
        throw new MixmatchError(code, `${asking}: ${found}.`, { cause })
      })
      if (answer.status < 502 || answer.status > 504) return answer
      throw new MixmatchError(faults.unreachable, `${asking}: answered ${answer.status}.`)
    },
    close: async () => pools.destroy(),
  }
}

const timeouts = new Set(['TimeoutError', 'CONNECT_TIMEOUT', 'ETIMEDOUT'])

function openPools({ peer, cafile, ...options }: ConnectionOptions): OriginPools {
  try {
    return createOriginPools({ ...options, cafile: cafile ?? null, connections: CONNECTIONS })
  } catch (cause) {
    throw new MixmatchError('CONFIG_INVALID', `${peer}: cafile ${cafile} cannot be read.`, {
      cause,
    })
  }
}
