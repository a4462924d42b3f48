import { createCursors, cursorKey } from '../../src/aggregate/lists/cursor.js'
import { maskTransportUrl, parseTransportUrl } from '../../src/bus/transport-url.js'
import { findCommentsInValues } from '../../src/config/ini-check.js'
import { parseOsloIni } from '../../src/config/oslo-ini.js'
import { MixmatchError } from '../../src/errors.js'
import { spName } from '../../src/ids.js'
import { createNotificationEvent } from '../../src/notification/notification-event.js'
import { redactPath, redactText } from '../../src/redaction.js'
import { parseRequest } from '../../src/routing/request.js'
import { parse } from '../http-client/parsing.js'
import { delivery, linesOf, message } from '../notification/fixtures.js'
import { rewriteInPieces, theirs } from '../upstream/hostile-bodies.js'
import { checkViews } from './check-views.js'

/** Something that reads bytes from outside. */
export interface FuzzTarget {
  readonly name: string
  /** Inputs to begin with. */
  readonly seeds: readonly [Buffer, ...Buffer[]]
  /** @throws Error if a law is broken. A MixmatchError only says that the bytes are refused */
  readonly check: (bytes: Buffer) => void
}

/** What `mutate` inserts as a token. No output may contain it. */
const TOKEN = 'gAAAAABl0123456789ab'
const PASSWORD = 'a-password-of-the-bus'

const sp1 = spName('sp1')
const cursors = createCursors(cursorKey(['secret']))
const cursor = cursors.write(
  { last: 'a', reached: { cloud: sp1, values: [], id: 'a' }, places: [] },
  'list',
)
const VOLUME = 'aaaaaaaa-0000-4000-8000-000000000000'
/** A line of the target `projection`: what a cloud says of one volume, its snapshot or an image. */
const said = (choice: string, eventType: string, second: number, payload: object) =>
  choice +
  JSON.stringify(
    message(
      eventType,
      { volume_id: VOLUME, ...payload },
      { message_id: `${choice}${second}`, timestamp: `2026-11-23 13:20:0${second}` },
    ),
  )
const bytesOf = (text: string) => Buffer.from(text, 'latin1')
const textOf = (bytes: Buffer) => bytes.toString('latin1')

export const fuzzTargets: readonly FuzzTarget[] = [
  {
    name: 'notification',
    seeds: [
      bytesOf('{}'),
      ...linesOf('sp1')
        .slice(0, 40)
        .map(line => Buffer.from((JSON.parse(line) as { body: string }).body)),
    ],
    check(bytes) {
      const event = createNotificationEvent(delivery(bytes))
      JSON.parse(event.body)
      requireWithout(JSON.stringify(event), TOKEN)
    },
  },
  {
    name: 'projection',
    seeds: [
      bytesOf(
        [
          said('a', 'volume.create.end', 1, { tenant_id: 'alice' }),
          said('a', 'snapshot.create.start', 2, { snapshot_id: 's', tenant_id: 'alice' }),
          said('b', 'volume.create.start', 2, { tenant_id: 'mallory' }),
          said('a', 'volume.transfer.accept.end', 3, { tenant_id: 'bob' }),
          said('a', 'volume.delete.end', 4, {}),
        ].join('\n'),
      ),
      bytesOf(
        [
          said('c', 'image.create', 1, { id: VOLUME, owner: 'alice' }),
          said('d', 'image.upload', 1, { id: VOLUME, owner: null }),
          said('e', 'image.delete', 1, { id: VOLUME, owner: 'bob' }),
        ].join('\n'),
      ),
    ],
    check: checkViews,
  },
  {
    name: 'redaction',
    seeds: [bytesOf(`{'password': 'x', "token": "${TOKEN}"}`), bytesOf('http://u:p@h/?key=a')],
    check(bytes) {
      requireWithout(redactText(textOf(bytes)), TOKEN)
      requireWithout(redactPath(textOf(bytes)), TOKEN)
    },
  },
  {
    name: 'transport-url',
    seeds: [bytesOf(`rabbit://u:${PASSWORD}@h:5672,[::1]:5671/v%2Fh?ssl=1`), bytesOf('file:///a')],
    check(bytes) {
      const text = textOf(bytes)
      // A file has no password, and a user or host of that name is no secret.
      if (/^file:/i.test(text) || isElsewhere(text)) return
      requireWithout(maskTransportUrl(text), PASSWORD)
      try {
        parseTransportUrl(text)
      } catch (error) {
        requireWithout(String(error), PASSWORD)
        throw error
      }
    },
  },
  {
    name: 'configuration',
    seeds: [bytesOf('[DEFAULT]\nhost = a\n  b\n# c\nx: "y" # z\n[sp_a]\n')],
    check: bytes =>
      void findCommentsInValues(parseOsloIni(bytes.toString(), 'mixmatch.conf').assignments),
  },
  {
    name: 'request',
    seeds: [
      bytesOf('GET /image/v2/images/7f3a8c02-5b1e-4a6d-9c3f-2e8d7b6a5c40/file?a=b'),
      bytesOf('POST /volume/v3/0123456789abcdef0123456789abcdef/volumes/detail'),
      bytesOf('GET /volume/v3/'),
    ],
    check(bytes) {
      const [method = '', ...rest] = textOf(bytes).split(' ')
      const { path } = parseRequest(method, rest.join(' '), {})
      const decoded = decodeAll(path.rest)
      if (decoded.split('/').includes('..')) throw new Error(`a dot segment: ${decoded}`)
    },
  },
  {
    name: 'links',
    seeds: [
      bytesOf(`{"volumes":[{"links":[{"href":"${theirs}"}],"a":"\\u0073"}],"next":"${theirs}"}`),
    ],
    check(bytes) {
      const whole = rewriteInPieces(bytes, [65_536])
      for (const sizes of [[1], [2, 3, 7]]) {
        if (!rewriteInPieces(bytes, sizes).equals(whole)) {
          throw new Error(`pieces of ${sizes} give another body`)
        }
      }
    },
  },
  {
    name: 'cursor',
    seeds: [bytesOf(cursor)],
    check(bytes) {
      const read = cursors.read(textOf(bytes), 'list')
      // Base64 has several spellings of the same bytes.
      if (read && cursors.write(read, 'list') !== cursor)
        throw new Error('a forged cursor is valid')
    },
  },
  {
    name: 'response',
    seeds: [
      bytesOf('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'),
      bytesOf(
        'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n',
      ),
      bytesOf('HTTP/1.0 304 Not Modified\r\nA: b\r\n c\r\n\r\n'),
    ],
    check(bytes) {
      const whole = readResponse([bytes])
      const pieces = readResponse([...bytes].map(byte => Buffer.of(byte)))
      if (pieces !== whole) throw new Error(`byte by byte ${pieces}, at once ${whole}`)
    },
  },
]

/** Check an input. @returns what is wrong, or null */
export function findFault({ check }: FuzzTarget, bytes: Buffer): string | null {
  try {
    check(bytes)
    return null
  } catch (error) {
    return error instanceof MixmatchError ? null : String(error)
  }
}

/** What a client may rely on: the body counts only if the response is complete. */
function readResponse(pieces: readonly Buffer[]): string {
  const { status, headers, body, trailers, isComplete, error } = parse(pieces)
  return JSON.stringify({ status, headers, error, ...(isComplete ? { body, trailers } : {}) })
}

/** Whether the text names the password anywhere but between a user and a host. */
function isElsewhere(text: string): boolean {
  return text.replace(`:${PASSWORD}@`, '').includes(PASSWORD)
}

function requireWithout(text: string, secret: string): void {
  if (text.includes(secret)) throw new Error(`a secret is in ${text}`)
}

function decodeAll(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
