/** One connection's bytes, which two servers could read differently. */
export interface SmugglingCase {
  readonly name: string
  /** The bytes. The path of each request in it contains `id`. */
  readonly bytes: (id: string, token: string) => string
}

const FILE = '/image/v2/images'

/** A request that would be hidden in what another one sends. */
const hidden = (id: string, token: string) =>
  `GET ${FILE}/${id}-smuggled HTTP/1.1\r\nHost: a\r\nX-Auth-Token: ${token}\r\n\r\n`

/** An upload with these framing headers and this body. `{hidden}` stands for a hidden request. */
const upload = (name: string, headers: string, body: string): SmugglingCase => ({
  name,
  bytes: (id, token) =>
    `PUT ${FILE}/${id}/file HTTP/1.1\r\nHost: a\r\nX-Auth-Token: ${token}\r\n` +
    `Content-Type: application/octet-stream\r\n${headers}\r\n\r\n` +
    body.replaceAll('{hidden}', hidden(id, token)),
})

/** A read with this request line and these headers. */
const read = (name: string, line: string, headers = 'Host: a'): SmugglingCase => ({
  name,
  bytes: (id, token) =>
    `${line.replaceAll('{path}', `${FILE}/${id}`)}\r\n${headers}\r\nX-Auth-Token: ${token}\r\n\r\n`,
})

const CHUNKED = 'Transfer-Encoding: chunked'
const LAST = '0\r\n\r\n'

const spellings: readonly [name: string, header: string][] = [
  ['a coding that is none', 'Transfer-Encoding: xchunked'],
  ['a space before the colon', 'Transfer-Encoding : chunked'],
  ['a tab before the colon', 'Transfer-Encoding\t: chunked'],
  ['a tab after the colon', 'Transfer-Encoding:\tchunked'],
  ['a vertical tab', 'Transfer-Encoding: \x0bchunked'],
  ['quotes', 'Transfer-Encoding: "chunked"'],
  ['chunked twice', 'Transfer-Encoding: chunked, chunked'],
  ['chunked and identity', 'Transfer-Encoding: chunked, identity'],
  ['two headers', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: x'],
  ['a folded line', 'X-A: b\r\n Transfer-Encoding: chunked'],
  ['a folded value', 'Transfer-Encoding:\r\n chunked'],
  ['a folded name', 'Transfer-Encoding\r\n : chunked'],
  ['a bare line feed', 'X-A: b\nTransfer-Encoding: chunked'],
  ['a bare carriage return', 'X-A: b\rTransfer-Encoding: chunked'],
  ['an underscore', 'Transfer_Encoding: chunked'],
  ['a NUL in its name', 'Transfer-Encoding\0: chunked'],
  ['a NUL in its value', 'Transfer-Encoding: chunked\0'],
  ['a semicolon', 'Transfer-Encoding: chunked;a=b'],
  ['a byte above ASCII', 'Transfer-Encoding: chunked\xa0'],
  ['capitals', 'TRANSFER-ENCODING: CHUNKED'],
  ['a hop-by-hop name', 'Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked'],
]

const lengths: readonly [name: string, header: string][] = [
  ['twice the same', 'Content-Length: 5\r\nContent-Length: 5'],
  ['two values', 'Content-Length: 5\r\nContent-Length: 0'],
  ['a list', 'Content-Length: 5, 5'],
  ['a plus', 'Content-Length: +5'],
  ['a minus', 'Content-Length: -5'],
  ['hexadecimal digits', 'Content-Length: 0x5'],
  ['an underscore', 'Content-Length: 1_0'],
  ['a fraction', 'Content-Length: 5.0'],
  ['an exponent', 'Content-Length: 5e0'],
  ['leading zeros', 'Content-Length: 0005'],
  ['a space before the colon', 'Content-Length : 5'],
  ['a space within', 'Content-Length: 5 5'],
  ['nothing', 'Content-Length:'],
  ['2^64 + 5', 'Content-Length: 18446744073709551621'],
  ['2^53 + 1', 'Content-Length: 9007199254740993'],
  ['a bare line feed after it', 'Content-Length: 5\nX-A: b'],
  ['a NUL', 'Content-Length: 5\0'],
  ['an underscore in its name', 'Content_Length: 5'],
  ['a hop-by-hop name', 'Connection: Content-Length\r\nContent-Length: 5'],
]

const chunks: readonly [name: string, body: string][] = [
  ['an extension', `5;a=b\r\nhello\r\n${LAST}`],
  ['an extension with a bare line feed', `5;a\nb\r\nhello\r\n${LAST}{hidden}`],
  ['an extension of quotes', `5;a="\r\n{hidden}"\r\nhello\r\n${LAST}`],
  ['a space after the size', `5 \r\nhello\r\n${LAST}`],
  ['a space before the size', ` 5\r\nhello\r\n${LAST}`],
  ['a size of 0x5', `0x5\r\nhello\r\n${LAST}{hidden}`],
  ['a size of +5', `+5\r\nhello\r\n${LAST}`],
  ['a size of -5', `-5\r\nhello\r\n${LAST}`],
  ['no size', `\r\nhello\r\n${LAST}`],
  ['a size above 2^64', `10000000000000005\r\nhello\r\n${LAST}`],
  ['many zeros', `${'0'.repeat(30)}5\r\nhello\r\n${LAST}`],
  ['a bare line feed after the size', `5\nhello\r\n${LAST}{hidden}`],
  ['a bare line feed after the data', `5\r\nhello\n${LAST}{hidden}`],
  ['a bare carriage return after the size', `5\rhello\r\n${LAST}{hidden}`],
  ['nothing after the data', `5\r\nhello${LAST}{hidden}`],
  ['two bytes that are no line end', `5\r\nhelloXX${LAST}{hidden}`],
  ['more data than its size', `3\r\nhello\r\n${LAST}{hidden}`],
  ['a trailer with a length', `5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n`],
  ['a trailer with a token', `5\r\nhello\r\n0\r\nX-Auth-Token: forged\r\n\r\n`],
  ['a trailer that is none', `5\r\nhello\r\n0\r\n{hidden}\r\n`],
  ['a last chunk of 00', `5\r\nhello\r\n00\r\n\r\n`],
  ['a last chunk with a bare line feed', `5\r\nhello\r\n0\n\n{hidden}`],
]

const heads: readonly SmugglingCase[] = [
  read('a fragment', 'GET {path}#x HTTP/1.1'),
  read('two spaces in the request line', 'GET  {path} HTTP/1.1'),
  read('a tab in the request line', 'GET\t{path} HTTP/1.1'),
  read('a space in the path', 'GET {path} x HTTP/1.1'),
  read('a NUL in the path', 'GET {path}\0 HTTP/1.1'),
  read('a byte above ASCII in the path', 'GET {path}\xff HTTP/1.1'),
  read('a lower-case version', 'GET {path} http/1.1'),
  read('HTTP/1.2', 'GET {path} HTTP/1.2'),
  read('HTTP/1.10', 'GET {path} HTTP/1.10'),
  read('HTTP/2.0', 'GET {path} HTTP/2.0'),
  read('no version', 'GET {path}'),
  read('a lower-case method', 'get {path} HTTP/1.1'),
  read('an unknown method', 'SMUGGLE {path} HTTP/1.1'),
  read('CONNECT', 'CONNECT {path} HTTP/1.1'),
  read('TRACE', 'TRACE {path} HTTP/1.1'),
  read('a line feed before it', '\nGET {path} HTTP/1.1'),
  read('a carriage return and line feed before it', '\r\nGET {path} HTTP/1.1'),
  read('a space before it', ' GET {path} HTTP/1.1'),
  read('two Host headers', 'GET {path} HTTP/1.1', 'Host: a\r\nHost: b'),
  read('no Host', 'GET {path} HTTP/1.1', 'X-A: b'),
  read('a header without a colon', 'GET {path} HTTP/1.1', 'Host: a\r\nX-A'),
  read('a header without a name', 'GET {path} HTTP/1.1', 'Host: a\r\n: b'),
  read('a space in the name of a header', 'GET {path} HTTP/1.1', 'Host: a\r\nX A: b'),
  read('a folded header', 'GET {path} HTTP/1.1', 'Host: a\r\nX-A: b\r\n c'),
  read(
    'an upgrade to h2c',
    'GET {path} HTTP/1.1',
    'Host: a\r\nConnection: Upgrade\r\nUpgrade: h2c',
  ),
  read('a length of 0', 'GET {path} HTTP/1.1', 'Host: a\r\nContent-Length: 0'),
  read('a hop-by-hop token', 'GET {path} HTTP/1.1', 'Host: a\r\nConnection: X-Auth-Token'),
]

/** All cases. Many are from the published studies of request smuggling. */
export const smugglingCorpus: readonly SmugglingCase[] = [
  upload('chunked and a length', `Content-Length: 5\r\n${CHUNKED}`, `${LAST}{hidden}`),
  upload('a length and chunked', `${CHUNKED}\r\nContent-Length: 5`, `${LAST}{hidden}`),
  upload('a request in a body with a length of 0', 'Content-Length: 0', ''),
  ...spellings.map(([name, header]) =>
    upload(`Transfer-Encoding with ${name}`, header, `${LAST}{hidden}`),
  ),
  ...spellings.map(([name, header]) =>
    upload(`a length, and Transfer-Encoding with ${name}`, `Content-Length: 5\r\n${header}`, LAST),
  ),
  ...lengths.map(([name, header]) => upload(`Content-Length with ${name}`, header, 'hello')),
  ...chunks.map(([name, body]) => upload(`a chunk with ${name}`, CHUNKED, body)),
  ...heads,
]
