import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'

/** What happens to an upload, as it happens. */
export interface UploadNews {
  /** Upstream is ready for the first byte: the moment to answer `Expect: 100-continue`. */
  started(): void
  /** A piece of so many bytes came from the client. */
  received(bytes: number): void
  /** Upstream took what there was and asks for more. */
  wanted(): void
  /** All of it has been handed on. */
  ended(): void
}

/** As much as is held between client and cloud. */
const BUFFER_BYTES = 256 * 1024

/**
 * The body of a request as a stream of its own, so that undici, which destroys a body that it has no
 * more use for, leaves the client's connection alone: after an early answer (413) that still has to
 * carry the answer. A client that breaks off destroys the stream, and never ends it: upstream must
 * not take half an image for a whole one.
 */
export function openUpload(req: IncomingMessage, news: UploadNews): Readable {
  let started = false

  const upload = new Readable({
    highWaterMark: BUFFER_BYTES,
    read() {
      if (!started) start()
      else news.wanted()
      req.resume()
    },
    destroy(error, callback) {
      req.off('data', onData).off('end', onEnd).off('close', onClose).pause()
      callback(error)
    },
  })
  // Whoever destroys the stream knows why already; an error without a listener ends the process.
  upload.on('error', () => {})

  function start(): void {
    started = true
    news.started()
    req.on('data', onData).on('end', onEnd).on('close', onClose)
    if (req.destroyed) onClose()
  }

  function onData(chunk: Buffer): void {
    news.received(chunk.length)
    if (!upload.push(chunk)) req.pause()
  }

  function onEnd(): void {
    upload.push(null)
  }

  function onClose(): void {
    if (!req.readableEnded) upload.destroy(new Error('The client broke the upload off.'))
  }

  upload.once('end', news.ended)
  return upload
}
