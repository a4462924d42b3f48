import { connect, createServer, type Socket } from 'node:net'
import type { ExecutionContext } from 'ava'

/** One request as a strict reader of RFC 9112 reads it. */
export interface RecordedRequest {
  /** `GET /v2/images HTTP/1.1`. */
  readonly line: string
  /** `name: value` as it came. */
  readonly headers: readonly string[]
  readonly body: string
}

/** An upstream that keeps what reached it. */
export interface RecordingUpstream {
  readonly port: number
  readonly requests: readonly RecordedRequest[]
  /** Bytes that are no request to a strict reader. Its connection is closed then. */
  readonly malformed: readonly string[]
}

/** Start an upstream that answers each complete request with 200, and never guesses what bytes mean. */
export async function startRecordingUpstream(t: ExecutionContext): Promise<RecordingUpstream> {
  const requests: RecordedRequest[] = []
  const malformed: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    let text = ''
    socket.on('data', bytes => {
      text += bytes.toString('latin1')
      try {
        for (let read = readRequest(text); read; read = readRequest(text)) {
          requests.push(read.request)
          text = text.slice(read.length)
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
        }
      } catch {
        malformed.push(text)
        socket.destroy()
      }
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no TCP server')
  return { port: address.port, requests, malformed }
}

/** The setting that sends requests for images at the identity provider to this port. */
export function sendImagesTo(port: number) {
  return (text: string) =>
    text
      .replace(/(\[sp_default\][^[]*image_endpoint *= *)\S+/, `$1http://127.0.0.1:${port}/image`)
      .replace(/(search_by_broadcast|aggregation) *= *true/g, '$1 = false')
}

/** Whoever still has something to say says it sooner, also on a busy machine. */
const SILENCE_MS = 10_000

/** Send bytes; returns what came until the connection ended or was silent for some time. */
export function sendBytes(port: number, bytes: string): Promise<string> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.on('error', () => {})
    socket.on('data', data => {
      text += data.toString('latin1')
    })
    socket.setTimeout(SILENCE_MS, () => socket.destroy())
    socket.on('close', () => resolve(text))
    socket.write(bytes, 'latin1')
  })
}

const LINE = /^[A-Z]+ \/[\x21-\x7e]* HTTP\/1\.[01]$/
const HEADER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*$/

/** @returns null if the request is not complete. @throws Error if it is malformed */
function readRequest(text: string): { request: RecordedRequest; length: number } | null {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return null
  const [line = '', ...headers] = text.slice(0, end).split('\r\n')
  if (!LINE.test(line) || !headers.every(header => HEADER.test(header))) throw new Error('head')
  const valuesOf = (name: string) =>
    headers
      .filter(header => header.toLowerCase().startsWith(`${name}:`))
      .map(header => header.slice(name.length + 1).trim())
  const lengths = valuesOf('content-length')
  const codings = valuesOf('transfer-encoding')
  if (lengths.length + codings.length > 1) throw new Error('two lengths')
  const start = end + 4
  if (codings.length > 0) {
    if (codings[0] !== 'chunked') throw new Error('coding')
    const read = readChunks(text, start)
    return read && { request: { line, headers, body: read.body }, length: read.end }
  }
  const [size = '0'] = lengths
  if (!/^\d+$/.test(size)) throw new Error('length')
  const length = start + Number(size)
  if (text.length < length) return null
  return { request: { line, headers, body: text.slice(start, length) }, length }
}

function readChunks(text: string, start: number): { body: string; end: number } | null {
  let body = ''
  for (let at = start; ; ) {
    const end = text.indexOf('\r\n', at)
    if (end < 0) return null
    const digits = text.slice(at, end)
    if (!/^[0-9a-f]{1,8}$/i.test(digits)) throw new Error('chunk size')
    const size = Number.parseInt(digits, 16)
    const next = end + 2 + size
    if (text.length < next + 2) return null
    if (text.slice(next, next + 2) !== '\r\n') throw new Error('chunk end, or a trailer')
    body += text.slice(end + 2, next)
    at = next + 2
    if (size === 0) return { body, end: at }
  }
}
