import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { MixmatchError } from '../errors.js'
import type { RawHeaders } from '../http-client/raw-headers.js'
import { awaitsContinue } from './expect.js'
import { type Timeouts, upstreamFailure } from './failure.js'
import { type Answer, openReply, type Reply } from './reply.js'
import { openUpload } from './upload.js'
import { createWatch } from './watch.js'

/** One request to one cloud, and the client to whom the answer goes. */
export interface Forwarding {
  readonly pool: Dispatcher
  readonly method: string
  /** From the root of the origin, with the query. */
  readonly path: string
  readonly headers: RawHeaders
  /** `stream`: as the client sends it; bytes where it was read before; null where there is none. */
  readonly body: 'stream' | Buffer | null
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** What the client gets; null leaves the answer aside, so that something else can be tried. */
  readonly answer: (status: number, headers: RawHeaders) => Answer | null
  readonly timeouts: Timeouts
  /** Names the request in what may go wrong: `sp1: GET /v2/images`. Shown to users. */
  readonly what: string
}

/** How an exchange ended. */
export interface Outcome {
  /** null where the client left before the cloud answered. */
  readonly status: number | null
  /** As the cloud sent them. */
  readonly headers: RawHeaders
  /** Bytes of body to the client, and from it. */
  readonly bytesSent: number
  readonly bytesReceived: number
  /** Who broke it off, so that the client has not got the whole answer. */
  readonly aborted: 'client' | 'upstream' | null
}

type Attempt =
  | { readonly kind: 'over'; readonly outcome: Outcome }
  /** `sent`: the cloud may have seen the request; `answered`: it began to answer. */
  | { kind: 'failed'; error: MixmatchError; sent: boolean; answered: boolean }

const RETRY_AFTER_MS = [100, 400]
const SAFE = new Set(['GET', 'HEAD'])
const IDEMPOTENT = new Set([...SAFE, 'PUT', 'DELETE'])

/**
 * Pass a request on and its answer back, as streams. The promise resolves when the exchange is over
 * for both sides. A client that leaves ends the request upstream at once, and a cloud that breaks off
 * its answer ends the client's connection, so that neither can take a part for the whole.
 *
 * Tried again is only what cannot be done twice by that: a request without a body that never reached
 * the cloud, or that only reads and got no byte of an answer.
 *
 * @throws SERVICE_PROVIDER_UNREACHABLE, SERVICE_PROVIDER_TIMEOUT, SERVICE_PROVIDER_BROKE_OFF,
 * REQUEST_TIMEOUT, BAD_REQUEST, each only while nothing was written to `res`
 */
export async function forward(forwarding: Forwarding): Promise<Outcome> {
  const deadline = performance.now() + forwarding.timeouts.connectTimeoutMs
  for (const wait of [...RETRY_AFTER_MS, null]) {
    const attempt = await attemptOnce(forwarding)
    if (attempt.kind === 'over') return attempt.outcome
    const late = performance.now() >= deadline
    if (wait === null || late || !isRepeatable(forwarding, attempt)) throw attempt.error
    await delay(wait)
  }
  throw new RangeError('unreachable: the last round returns or throws')
}

function isRepeatable(
  { method, body }: Forwarding,
  { sent, answered }: { sent: boolean; answered: boolean },
): boolean {
  if (body !== null || answered) return false
  return sent ? SAFE.has(method) : IDEMPOTENT.has(method)
}

function attemptOnce(forwarding: Forwarding): Promise<Attempt> {
  const { pool, method, path, body, req, res, timeouts, what } = forwarding
  return new Promise(resolve => {
    let controller: Dispatcher.DispatchController | undefined
    let reply: Reply | undefined
    let status: number | null = null
    let headers: RawHeaders = []
    let aborted: Outcome['aborted'] = null
    let sent = false
    let bytesReceived = Buffer.isBuffer(body) ? body.length : 0
    let delivered = false
    let over = false

    const uploading = createWatch(() =>
      req.isPaused() || req.readableEnded
        ? giveUp('upstream', tooSlow('SERVICE_PROVIDER_TIMEOUT', 'it neither reads nor answers.'))
        : giveUp('client', tooSlow('REQUEST_TIMEOUT', 'nothing more came of the request body.')),
    )
    const downloading = createWatch(() =>
      giveUp('client', tooSlow('REQUEST_TIMEOUT', 'no reader.')),
    )

    function settle(attempt: Attempt): void {
      over = true
      uploading.stop()
      downloading.stop()
      res.off('close', onClientClosed).off('finish', onDelivered)
      resolve(attempt)
    }

    function end(): void {
      const bytesSent = reply?.sent() ?? 0
      settle({
        kind: 'over',
        outcome: { status, headers, bytesSent, bytesReceived, aborted },
      })
    }

    /** Node says so too when a connection ends with the last bytes still unsent. */
    function onDelivered(): void {
      delivered = !req.socket.destroyed
    }

    /** Nothing more can reach the client: all of it has, or one of three sides broke it off. */
    function onClientClosed(): void {
      if (!delivered) aborted ??= 'client'
      end()
      if (aborted === 'client') controller?.abort(new Error('The client left.'))
    }

    function giveUp(by: 'client' | 'upstream', error: MixmatchError): void {
      if (over || aborted) return
      if (res.headersSent) {
        aborted = by
        res.destroy()
      } else settle({ kind: 'failed', error, sent, answered: status !== null })
      controller?.abort(error)
    }

    function tooSlow(code: 'SERVICE_PROVIDER_TIMEOUT' | 'REQUEST_TIMEOUT', how: string) {
      return new MixmatchError(code, `${what}: ${how}`)
    }

    function openBody() {
      return openUpload(req, {
        started() {
          if (awaitsContinue(req)) res.writeContinue()
          uploading.start(timeouts.idleTimeoutMs)
        },
        received(bytes) {
          bytesReceived += bytes
          uploading.touch()
        },
        wanted: () => uploading.touch(),
        ended: () =>
          status === null ? uploading.start(timeouts.headersTimeoutMs) : uploading.stop(),
      })
    }

    if (res.destroyed) {
      aborted = 'client'
      return end()
    }
    res.once('close', onClientClosed).prependOnceListener('finish', onDelivered)
    pool.dispatch(
      {
        method,
        path,
        headers: [...forwarding.headers],
        body: body === 'stream' ? openBody() : body,
        // An upload has its own watches: undici would count the time that the body takes.
        headersTimeout: body === 'stream' ? 0 : timeouts.headersTimeoutMs,
        bodyTimeout: timeouts.idleTimeoutMs,
      },
      {
        onRequestStart(started) {
          controller = started
          if (over) started.abort(new Error('The client left.'))
          else sent = true
        },
        onResponseStart(source, statusCode) {
          if (statusCode < 200) return
          status = statusCode
          headers = textOf(source.rawHeaders)
          if (req.readableEnded) uploading.stop()
          const answer = forwarding.answer(statusCode, headers)
          if (answer === null) return
          reply = openReply(res, statusCode, answer, source, paused =>
            paused ? downloading.start(timeouts.idleTimeoutMs) : downloading.stop(),
          )
        },
        onResponseData(_, chunk) {
          reply?.data(chunk)
        },
        onResponseEnd(source) {
          if (reply) reply.end(textOf(source.rawTrailers))
          else end()
        },
        onResponseError(_, error) {
          giveUp('upstream', upstreamFailure(error, { what, sent, timeouts }))
        },
      },
    )
  })
}

/** Header bytes are latin1 on both wires, so that no byte changes. */
function textOf(raw: Dispatcher.DispatchController['rawHeaders']): RawHeaders {
  if (!Array.isArray(raw)) return []
  return raw.map(part => (typeof part === 'string' ? part : part.toString('latin1')))
}
