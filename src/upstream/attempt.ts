import { MixmatchError } from '../errors.js'
import type { Exchange, ResponseHandler } from '../http-client/exchange.js'
import { createIdleTimer, type IdleTimer } from '../http-client/idle-timer.js'
import type { RawHeaders } from '../http-client/raw-headers.js'
import { type ClientResponse, openClientResponse } from './client-response.js'
import { awaitsContinue } from './expect.js'
import { upstreamFailure } from './failure.js'
import type { ForwardRequest, Outcome } from './forward-request.js'
import { responseTrailers } from './headers.js'
import { createUpload } from './upload.js'

/** How one attempt to forward a request ended. */
export type AttemptResult =
  | { readonly kind: 'over'; readonly outcome: Outcome }
  /** `sent`: the cloud may have seen the request; `answered`: its response began. */
  | {
      readonly kind: 'failed'
      readonly error: MixmatchError
      readonly sent: boolean
      readonly answered: boolean
    }

/** Forward a request once, until the exchange is over for both sides. */
export function attemptForward(forwarding: ForwardRequest): Promise<AttemptResult> {
  return new Promise(resolve => new Attempt(forwarding, resolve).start())
}

class Attempt implements ResponseHandler {
  readonly #forwarding: ForwardRequest
  readonly #resolve: (result: AttemptResult) => void
  #exchange: Exchange | null = null
  #reply: ClientResponse | null = null
  #status: number | null = null
  #headers: RawHeaders = []
  #aborted: Outcome['aborted'] = null
  #bytesReceived: number
  #isSent = false
  #isDelivered = false
  #isOver = false
  /** For a streamed request body: expires if the client or the cloud stalls. */
  #uploadTimer: IdleTimer | null = null
  /** For a client that reads more slowly than the cloud sends: expires if it stops. */
  #downloadTimer: IdleTimer | null = null

  constructor(forwarding: ForwardRequest, resolve: (result: AttemptResult) => void) {
    this.#forwarding = forwarding
    this.#resolve = resolve
    this.#bytesReceived = Buffer.isBuffer(forwarding.body) ? forwarding.body.length : 0
  }

  start(): void {
    const { pool, method, path, headers, body, res, timeouts } = this.#forwarding
    if (res.destroyed) {
      this.#aborted = 'client'
      this.#end()
      return
    }
    res.on('close', this.#onClientClosed).prependListener('finish', this.#onFinished)
    this.#exchange = pool.send(
      {
        method,
        path,
        headers,
        body: body === 'stream' ? this.#upload() : body,
        headersTimeoutMs: timeouts.headersTimeoutMs,
        idleTimeoutMs: timeouts.idleTimeoutMs,
      },
      this,
    )
  }

  onSend(): void {
    this.#isSent = true
  }

  onHead(status: number, headers: RawHeaders): void {
    this.#status = status
    this.#headers = headers
    const { req, res, planResponse } = this.#forwarding
    if (req.readableEnded) this.#uploadTimer?.stop()
    const response = planResponse(status, headers)
    if (response === null || this.#exchange === null) return
    this.#reply = openClientResponse(res, status, response, this.#exchange, isPaused =>
      this.#onClientSlow(isPaused),
    )
  }

  onData(data: Buffer, release: (() => void) | null): void {
    this.#reply?.data(data, release)
  }

  onEnd(trailers: RawHeaders): void {
    if (this.#reply) this.#reply.end(responseTrailers(trailers))
    else this.#end()
  }

  onError(error: Error): void {
    const { what, timeouts } = this.#forwarding
    this.#giveUp('upstream', upstreamFailure(error, { what: what(), sent: this.#isSent, timeouts }))
  }

  #upload() {
    const { req, res, timeouts } = this.#forwarding
    const watch = createIdleTimer(() => this.#onUploadStalled())
    this.#uploadTimer = watch
    return createUpload(req, {
      started() {
        if (awaitsContinue(req)) res.writeContinue()
        watch.start(timeouts.idleTimeoutMs)
      },
      received: bytes => {
        this.#bytesReceived += bytes
        watch.touch()
      },
      resumed: () => watch.touch(),
      stopped: () => watch.stop(),
    })
  }

  #onClientSlow(isPaused: boolean): void {
    if (!isPaused) return void this.#downloadTimer?.stop()
    this.#downloadTimer ??= createIdleTimer(() =>
      this.#giveUp('client', this.#fault('REQUEST_TIMEOUT', 'the client reads nothing.')),
    )
    this.#downloadTimer.start(this.#forwarding.timeouts.idleTimeoutMs)
  }

  #onUploadStalled(): void {
    const isCloud = this.#forwarding.req.isPaused()
    const error = isCloud
      ? this.#fault('SERVICE_PROVIDER_TIMEOUT', 'it neither reads nor answers.')
      : this.#fault('REQUEST_TIMEOUT', 'nothing more came of the request body.')
    this.#giveUp(isCloud ? 'upstream' : 'client', error)
  }

  /** Node emits `finish` also if the connection ends with the last bytes still unsent. */
  readonly #onFinished = (): void => {
    this.#isDelivered = !this.#forwarding.req.socket.destroyed
  }

  /** Nothing more can reach the client: the response is delivered or was aborted. */
  readonly #onClientClosed = (): void => {
    if (!this.#isDelivered) this.#aborted ??= 'client'
    this.#end()
    if (this.#aborted === 'client') this.#exchange?.abort()
  }

  #giveUp(by: 'client' | 'upstream', error: MixmatchError): void {
    if (this.#isOver || this.#aborted) return
    const { res } = this.#forwarding
    if (res.headersSent) {
      this.#aborted = by
      res.destroy()
    } else {
      const answered = this.#status !== null
      this.#settle({ kind: 'failed', error, sent: this.#isSent, answered })
    }
    this.#exchange?.abort()
  }

  #end(): void {
    const outcome = {
      status: this.#status,
      headers: this.#headers,
      bytesSent: this.#reply?.sent() ?? 0,
      bytesReceived: this.#bytesReceived,
      aborted: this.#aborted,
    }
    this.#settle({ kind: 'over', outcome })
  }

  #settle(result: AttemptResult): void {
    this.#isOver = true
    this.#uploadTimer?.stop()
    this.#downloadTimer?.stop()
    const { res } = this.#forwarding
    // After `close`, the listeners go with the response.
    if (!res.closed) res.off('close', this.#onClientClosed).off('finish', this.#onFinished)
    this.#resolve(result)
  }

  #fault(code: 'SERVICE_PROVIDER_TIMEOUT' | 'REQUEST_TIMEOUT', how: string): MixmatchError {
    return new MixmatchError(code, `${this.#forwarding.what()}: ${how}`)
  }
}
