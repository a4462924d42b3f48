import type { Growing } from '../growth.js'
import { parse } from './parsing.js'

const HEAD = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`

function cutBytes(text: string, length: number): string[] {
  return text.match(new RegExp(`[^]{1,${length}}`, 'g')) ?? []
}

/** Responses that are slow to parse for a parser that reads the same bytes several times. */
const responses: readonly Omit<Growing<readonly string[]>, 'run'>[] = [
  {
    name: 'a head that comes byte by byte',
    make: size => cutBytes(`${HEAD}X-A: ${'x'.repeat(size)}`, 1),
  },
  { name: 'a value of spaces', make: size => [`${HEAD}X-A: ${' '.repeat(size)}x\r\n\r\n`] },
  {
    name: 'a value of spaces and tabs, byte by byte',
    make: size => cutBytes(`${HEAD}X-A: x${' \t'.repeat(size / 2)}\r\n\r\n`, 1),
  },
  { name: 'chunks of one byte', make: size => [CHUNKED + '1\r\nx\r\n'.repeat(size / 6)] },
  {
    name: 'chunks of one byte, byte by byte',
    make: size => cutBytes(CHUNKED + '1\r\nx\r\n'.repeat(size / 6), 1),
  },
  { name: 'interim responses', make: size => ['HTTP/1.1 100 Continue\r\n\r\n'.repeat(size / 25)] },
  {
    name: 'interim responses, byte by byte',
    make: size => cutBytes('HTTP/1.1 100 Continue\r\n\r\n'.repeat(size / 25), 1),
  },
]

export const hostileResponses = responses.map(each => ({
  ...each,
  run: (pieces: readonly string[]) => void parse(pieces),
}))
