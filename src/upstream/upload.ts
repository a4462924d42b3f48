import type { IncomingMessage } from 'node:http'
import type { BodySink, StreamedBody } from '../http-client/exchange.js'

/** Called during an upload. */
interface UploadEvents {
  /** The cloud is connected: the time to respond to `Expect: 100-continue`. */
  started(): void
  /** The client sent this many bytes. */
  received(bytes: number): void
  /** The cloud has read everything so far, and can read more. */
  resumed(): void
  /** The whole body has been forwarded, or nothing more of it will be. */
  stopped(): void
}

/**
 * The body of a client's request, as the connection to a cloud reads it. If the upload fails, the
 * client's connection stays open, because it still has to carry an early response (413). If the client
 * disconnects, the body never ends, so that a cloud cannot take half an image for a whole one.
 */
export function createUpload(req: IncomingMessage, events: UploadEvents): StreamedBody {
  const announced = req.headers['content-length']
  let sink: BodySink | null = null

  function onData(chunk: Buffer): void {
    events.received(chunk.length)
    if (sink && !sink.write(chunk)) req.pause()
  }

  function onEnd(): void {
    stop()
    sink?.end()
  }

  function stop(): void {
    req.off('data', onData).off('end', onEnd).pause()
    events.stopped()
  }

  return {
    length: announced === undefined ? null : Number(announced),
    start(to) {
      sink = to
      events.started()
      req.on('data', onData).on('end', onEnd).resume()
    },
    resume() {
      events.resumed()
      req.resume()
    },
    stop,
  }
}
