import { ClientError } from '../../src/http-client/client-error.js'
import { ResponseParser } from '../../src/http-client/response-parser.js'

/** What a parser read from the bytes of one connection. */
export interface Parsed {
  status: number | null
  headers: readonly string[]
  body: string
  trailers: readonly string[]
  /** Whether the response is complete. */
  isComplete: boolean
  isReusable: boolean
  /** The code of the error that ended it. */
  error: string | null
}

/** Parse the pieces that a server sends as the response to one request before it closes the connection. */
export function parse(pieces: readonly (string | Buffer)[], method = 'GET'): Parsed {
  const parsed: Parsed = {
    status: null,
    headers: [],
    body: '',
    trailers: [],
    isComplete: false,
    isReusable: false,
    error: null,
  }
  const parser = new ResponseParser({
    onHead(head) {
      parsed.status = head.status
      parsed.headers = head.headers
    },
    onData(data) {
      parsed.body += data.toString('latin1')
    },
    onEnd(trailers, isReusable) {
      Object.assign(parsed, { trailers, isReusable, isComplete: true })
    },
  })
  parser.expect(method)
  try {
    for (const piece of pieces) parser.push(Buffer.from(piece as string, 'latin1'))
    parser.finish()
  } catch (error) {
    if (!(error instanceof ClientError)) throw error
    parsed.error = error.code
  }
  return parsed
}

/** Split the text into pieces that begin at these indexes. */
export function cut(text: string, places: readonly number[]): string[] {
  const sorted = [...new Set(places.map(place => place % (text.length + 1)))].sort((a, b) => a - b)
  return [0, ...sorted].map((from, index) => text.slice(from, sorted[index]))
}
