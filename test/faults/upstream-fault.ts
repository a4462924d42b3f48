import type { Socket } from 'node:net'
import { setInterval } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'

/** Something that a server does instead of a response, with the bytes it sends. */
export interface UpstreamFault {
  /** Goes on after "an upstream that". */
  readonly name: string
  act(socket: Socket): void
  /** How a request ends if Cinder does this. The proxy holds its small bodies until they are complete. */
  readonly cinder: number
  /** How a request ends if Glance does this. The proxy streams its bodies. */
  readonly glance: number | typeof BROKEN_OFF
  /** How a step of the login ends if Keystone does this. */
  readonly login: 'unreachable' | 'late' | 'unusable'
}

/** The client has the head, and then its connection ends before the body is complete. */
export const BROKEN_OFF = '200, broken off'

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`
const TEXT = '{"a": 1}'
const DRIP_MS = 100
const MIB = 1024 * 1024
/** Half a GiB of zeros, a thousandth of it compressed: members of gzip may follow each other. */
const BOMB = Buffer.concat(new Array<Buffer>(512).fill(gzipSync(Buffer.alloc(MIB))))

const brokenOff = { cinder: 502, glance: 502, login: 'unreachable' } as const
const late = { cinder: 504, glance: 504, login: 'late' } as const
/** The same after the first bytes of the body. */
const brokenOffInBody = { ...brokenOff, glance: BROKEN_OFF } as const
const lateInBody = { ...late, glance: BROKEN_OFF } as const
/** The client gets what the server has sent; only Keystone's responses are read. */
const passedOn = { cinder: 200, glance: 200, login: 'unusable' } as const

export const upstreamFaults: readonly UpstreamFault[] = [
  { name: 'closes before its head', act: end(''), ...brokenOff },
  { name: 'resets before its head', act: socket => socket.resetAndDestroy(), ...brokenOff },
  { name: 'never begins its head', act: write(''), ...late },
  { name: 'stops within its head', act: write(HEAD), ...late },
  { name: 'drips its head', act: socket => drip(socket, `${HEAD}X-Long: `), ...late },
  { name: 'closes within its head', act: end(HEAD), ...brokenOff },
  { name: 'never begins its body', act: write(`${HEAD}Content-Length: 8\r\n\r\n`), ...late },
  { name: 'stops within a chunked body', act: write(`${CHUNKED}8\r\n{"a"`), ...lateInBody },
  {
    name: 'closes before its length is reached',
    act: end(`${HEAD}Content-Length: 80\r\n\r\n${TEXT}`),
    ...brokenOffInBody,
  },
  { name: 'closes within a chunk', act: end(`${CHUNKED}8\r\n{"a"`), ...brokenOffInBody },
  {
    name: 'closes without a last chunk',
    act: end(`${CHUNKED}8\r\n${TEXT}\r\n`),
    ...brokenOffInBody,
  },
  {
    name: 'closes a body that has no length',
    act: end(`${HEAD}Connection: close\r\n\r\n${TEXT}`),
    ...passedOn,
  },
  {
    name: 'sends more than its length',
    act: write(`${HEAD}Content-Length: 8\r\n\r\n${TEXT}${HEAD}Content-Length: 0\r\n\r\n`),
    ...passedOn,
  },
  {
    name: 'names two lengths',
    act: write(`${HEAD}Content-Length: 8\r\nContent-Length: 9\r\n\r\n${TEXT}`),
    ...brokenOff,
  },
  {
    name: 'names a length and chunks',
    act: write(
      `${HEAD}Content-Length: 8\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n${TEXT}\r\n0\r\n\r\n`,
    ),
    ...brokenOff,
  },
  {
    name: 'names a negative length',
    act: write(`${HEAD}Content-Length: -1\r\n\r\n${TEXT}`),
    ...brokenOff,
  },
  {
    name: 'sends a chunk of no number',
    act: write(`${CHUNKED}zz\r\n${TEXT}\r\n`),
    ...brokenOffInBody,
  },
  { name: 'sends garbage', act: write('\0\xff\x16\x03garbage\r\n\r\n'), ...brokenOff },
  {
    name: 'sends a head without end',
    act: socket => flood(socket, HEAD, `X-More: ${'x'.repeat(1000)}\r\n`),
    ...brokenOff,
  },
  {
    name: 'sends interim responses without end',
    act: socket => flood(socket, '', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100)),
    ...late, // they are no response
  },
  {
    name: 'sends JSON without end',
    act: socket => flood(socket, `${CHUNKED}1\r\n[\r\n`, `4000\r\n${'[0],'.repeat(4096)}\r\n`),
    ...passedOn,
    login: 'unreachable', // too long
  },
  {
    name: 'sends a small body that is large when decompressed',
    act: socket => {
      socket.write(`${HEAD}Content-Encoding: gzip\r\nContent-Length: ${BOMB.length}\r\n\r\n`)
      socket.end(BOMB)
    },
    ...passedOn,
  },
]

function write(text: string): UpstreamFault['act'] {
  return socket => void socket.write(text, 'latin1')
}

function end(text: string): UpstreamFault['act'] {
  return socket => void socket.end(text, 'latin1')
}

/** As fast as the peer reads, until it closes the connection. */
function flood(socket: Socket, head: string, piece: string): void {
  socket.on('error', () => {})
  const more = () => {
    while (!socket.destroyed && socket.write(piece, 'latin1'));
  }
  socket.on('drain', more)
  socket.write(head, 'latin1')
  more()
}

async function drip(socket: Socket, head: string): Promise<void> {
  socket.on('error', () => {})
  socket.write(head)
  for await (const _ of setInterval(DRIP_MS)) {
    if (socket.destroyed) return
    socket.write('x')
  }
}
