import { createCursors } from '../src/aggregate/lists/cursor.js'
import { maskStreamUrl, parseStreamUrl } from '../src/bus/stream-url.js'
import { maskTransportUrl, parseTransportUrl } from '../src/bus/transport-url.js'
import { findCommentsInValues } from '../src/config/ini-check.js'
import { parseOsloIni } from '../src/config/oslo-ini.js'
import { cookieHeader } from '../src/http-client/cookies.js'
import { redactPath, redactText } from '../src/redaction.js'
import { parseRequest } from '../src/routing/request.js'
import { findReferences } from '../src/routing/request-rule.js'
import { parseForwarded } from '../src/upstream/forwarded-header.js'
import { visibleText } from '../src/visible-text.js'
import type { Growing } from './growth.js'

const ID = '7f3a8c02-5b1e-4a6d-9c3f-2e8d7b6a5c40'
const cursors = createCursors(Buffer.alloc(32))

/** Each reader of a text from outside, with the parts of which its slowest texts could be made. */
const readers: readonly {
  readonly name: string
  readonly read: (text: string) => unknown
  readonly parts: readonly string[]
}[] = [
  {
    name: 'a path',
    read: text => parseRequest('GET', `/image/v2/images/${text}`, {}),
    parts: ['a', '%', '%2', '%2e', '/', '//', './', '../', ';', `${ID}/`, '\\', 'é'],
  },
  {
    name: 'a query',
    read: text => parseRequest('GET', `/volume/v3/volumes?${text}`, {}),
    parts: ['a', '&', '=', 'a=1&', '?', '%', 'limit=1&'],
  },
  {
    name: 'MM-PROXY-LIST',
    read: text => parseRequest('GET', '/image/v2/images', { 'mm-proxy-list': text }),
    parts: [',', ' ', 'sp1,', ' , '],
  },
  {
    name: 'a reference in a body',
    read: text =>
      findReferences({
        ...parseRequest('POST', '/volume/v3/volumes', {}),
        body: { volume: { name: text, imageRef: text, snapshot_id: text } },
      }),
    parts: ['a', `${ID} `, '-'],
  },
  {
    name: 'Forwarded',
    read: parseForwarded,
    parts: ['for=1;', 'for="', '\\"', ',', ' ', 'for=_x, ', '"', 'for="[::1]:1", '],
  },
  {
    name: 'a cookie',
    read: text =>
      cookieHeader([`a=1; Path=/${text}`], {
        from: 'http://sp1/v3',
        to: 'http://sp1/v3',
        nowMs: 0,
      }),
    parts: [';', ' ', '=', '/', 'Path=/;'],
  },
  {
    name: 'a transport URL',
    read: parseTransportUrl,
    parts: ['rabbit://', 'u:p@h,', ':', '@', '%', '%2F', ',', '[::1],', '/', '?a=1&'],
  },
  {
    name: 'the mask of a transport URL',
    read: maskTransportUrl,
    parts: ['rabbit://', 'u:p@h,', ':', '@', '://a:', '/'],
  },
  {
    name: 'the URL of a stream',
    read: text => [maskStreamUrl(text), parseStreamUrl(text)],
    parts: ['rabbit://', 'u:p@h,', ':', '@', '?name=', '/'],
  },
  {
    name: 'a configuration',
    read: text => findCommentsInValues(parseOsloIni(text, 'mixmatch.conf').assignments),
    parts: [
      '[a]\n',
      'a = 1\n',
      'a = 1\n b\n',
      'a = #\n',
      '[',
      '=',
      '\\\n',
      ' ',
      '\n',
      '# a\n',
      'a = 1 ; ',
    ],
  },
  {
    name: 'a cursor',
    read: text => cursors.read(text, 'images'),
    parts: ['A', '_', '=', '%', 'é'],
  },
  {
    name: 'the redaction of a text',
    read: redactText,
    parts: ['password', 'key=', 'key={', '\\', 'token: "', '://', '@', 'eyJ', ' '],
  },
  {
    name: 'the redaction of a path',
    read: redactPath,
    parts: ['/', '?', '&', 'key=', '%', '%25', '://a:', 'token=x&'],
  },
  { name: 'control characters', read: visibleText, parts: ['\u0000', '\u001b[', '\u202e', 'a\n'] },
]

/** Texts that could take long to read, each of any size. A reader may refuse a text with an error. */
export const hostileTexts: readonly Growing<string>[] = readers.flatMap(({ name, read, parts }) =>
  parts.map(part => ({
    name: `${name} of ${JSON.stringify(part)}`,
    make: (size: number) => part.repeat(size / part.length),
    run: (text: string) => {
      try {
        read(text)
      } catch {
        // only the time counts
      }
    },
  })),
)
