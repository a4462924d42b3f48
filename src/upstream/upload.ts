import type { IncomingMessage } from 'node:http'
import type { BodySink, StreamedBody } from '../http-client/exchange.js'

/** What happens to an upload, as it happens. */
interface UploadEvents {
  /** The cloud is there: the moment to answer `Expect: 100-continue`. */
  started(): void
  /** A piece of so many bytes came from the client. */
  received(bytes: number): void
  /** The cloud took what there was, and takes more. */
  resumed(): void
  /** All of it has been passed on, or nothing more is taken. */
  stopped(): void
}

/**
 * The body of a request, for the connection to a cloud. The client's connection is left alone
 * whatever becomes of it: it still has to carry an early response (413). A client that breaks off
 * never ends the body, so that a cloud cannot take half an image for a whole one.
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
