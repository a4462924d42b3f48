import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, errors, request } from 'undici'
import type { Cloud } from '../../sandbox/cloud.js'
import { logIn } from '../sandbox/clouds.js'
import { WRITE_NUMBER } from './write-counter.js'

/** One request of the load. */
export interface LoadRequest {
  readonly method: string
  readonly path: string
  readonly base: string
  /** The status; null if the connection broke or the request timed out. */
  readonly status: number | null
  readonly problem: string | null
  /** `performance.now()` when it was sent and when it was over, in ms. */
  readonly sentAt: number
  readonly endedAt: number
}

/** Clients that create images, read each one back with the next request, and list them. */
export interface ClientLoad {
  /** The requests so far. */
  readonly requests: readonly LoadRequest[]
  /** The numbers of the writes that were sent, for the counter of writes. */
  readonly writes: readonly string[]
  stop(): Promise<void>
}

/** The problem of a request that got neither a response nor the end of its connection. */
export const TIMED_OUT = 'no answer'

function isTimeout(error: unknown): boolean {
  return error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError
}

/** The requests without a successful response. */
export function failedRequests(requests: readonly LoadRequest[]): readonly LoadRequest[] {
  return requests.filter(({ status }) => status === null || status >= 400)
}

interface LoadOptions {
  /** The identity provider, where the client logs in. */
  readonly cloud: Cloud
  /** Each request goes to the next of these URLs. */
  readonly bases: readonly string[]
  readonly clients: number
  /** Pause of each client after each round, in ms. */
  readonly pauseMs: number
}

/** Longer than all timeouts of the proxy, also on a busy machine. */
const TIMEOUT_MS = 120_000
// Images have no quota: a fast load used up that of volumes.
const IMAGES = '/image/v2/images'
const IMAGE = { name: 'load', disk_format: 'raw', container_format: 'bare' }

export async function startClientLoad(options: LoadOptions): Promise<ClientLoad> {
  const { cloud, bases, clients, pauseMs } = options
  const { token } = await logIn(cloud)
  const agent = new Agent({ connections: clients })
  const requests: LoadRequest[] = []
  const writes: string[] = []
  const stopping = new AbortController()
  let turns = 0

  async function send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: string,
  ) {
    const base = bases[turns++ % bases.length] ?? ''
    const sentAt = performance.now()
    const end = (status: number | null, problem: string | null) => {
      requests.push({ method, path, base, status, problem, sentAt, endedAt: performance.now() })
    }
    try {
      const response = await request(`${base}${path}`, {
        method,
        dispatcher: agent,
        headersTimeout: TIMEOUT_MS,
        bodyTimeout: TIMEOUT_MS,
        headers: { 'X-Auth-Token': token, 'Content-Type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body }),
      })
      const text = await response.body.text()
      end(response.statusCode, response.statusCode < 400 ? null : text.slice(0, 200))
      return response.statusCode < 300 && text !== '' ? JSON.parse(text) : null
    } catch (error) {
      end(null, isTimeout(error) ? TIMED_OUT : String(error))
      return null
    }
  }

  async function round(number: string): Promise<void> {
    const at = { 'MM-SERVICE-PROVIDER': 'sp1', [WRITE_NUMBER]: number }
    writes.push(number)
    const made = await send('POST', IMAGES, at, JSON.stringify(IMAGE))
    if (made) await send('GET', `${IMAGES}/${made.id}`, {})
    await send('GET', `${IMAGES}?limit=5`, {})
  }

  async function runClient(client: number): Promise<void> {
    for (let rounds = 1; !stopping.signal.aborted; rounds += 1) {
      await round(`${client}-${rounds}`)
      await sleep(pauseMs)
    }
  }

  const running = Promise.all(Array.from({ length: clients }, (_, client) => runClient(client)))
  return {
    requests,
    writes,
    async stop() {
      stopping.abort()
      await running
      await agent.close()
    },
  }
}
