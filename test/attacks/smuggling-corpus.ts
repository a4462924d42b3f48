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
  ['a comma after it', 'Transfer-Encoding: chunked,'],
  ['a comma before it', 'Transfer-Encoding: ,chunked'],
  ['gzip', 'Transfer-Encoding: gzip'],
  ['gzip and chunked', 'Transfer-Encoding: gzip, chunked'],
  ['nothing', 'Transfer-Encoding:'],
  ['a space within', 'Transfer-Encoding: chun ked'],
  ['a space within its name', 'Transfer Encoding: chunked'],
  ['a soft hyphen in its name', 'Transfer\xadEncoding: chunked'],
  ['a DEL after it', 'Transfer-Encoding: chunked\x7f'],
  ['an escape before it', 'Transfer-Encoding: \x1bchunked'],
  ['a line that ends with a carriage return', 'X-A: b\r\r\nTransfer-Encoding: chunked'],
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
  ['a comma after it', 'Content-Length: 5,'],
  ['a comma before it', 'Content-Length: ,5'],
  ['a list of two values', 'Content-Length: 5, 0'],
  ['a semicolon', 'Content-Length: 5;'],
  ['quotes', 'Content-Length: "5"'],
  ['a no-break space', 'Content-Length: \xa05'],
  ['a folded value', 'Content-Length:\r\n 5'],
  ['a folded second digit', 'Content-Length: 5\r\n 0'],
  ['many zeros', `Content-Length: ${'0'.repeat(400)}5`],
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
  ['an underscore in its size', `0_5\r\nhello\r\n${LAST}{hidden}`],
  ['a tab after the size', `5\t\r\nhello\r\n${LAST}`],
  ['two carriage returns after the size', `5\r\r\nhello\r\n${LAST}{hidden}`],
  ['a NUL after the size', `5\0\r\nhello\r\n${LAST}{hidden}`],
  ['an extension with a carriage return', `5;a\rb\r\nhello\r\n${LAST}{hidden}`],
  ['a long extension', `5;${'a'.repeat(20_000)}\r\nhello\r\n${LAST}`],
  ['a trailer with another coding', `5\r\nhello\r\n0\r\nTransfer-Encoding: x\r\n\r\n`],
  ['a trailer with another host', `5\r\nhello\r\n0\r\nHost: evil\r\n\r\n`],
  ['a trailer that is folded', `5\r\nhello\r\n0\r\nX-A: b\r\n c\r\n\r\n`],
  ['many trailers', `5\r\nhello\r\n0\r\n${'X-A: b\r\n'.repeat(2000)}\r\n`],
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
  read(
    'an upgrade to a web socket',
    'GET {path} HTTP/1.1',
    'Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket',
  ),
  read(
    'settings of HTTP/2',
    'GET {path} HTTP/1.1',
    'Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ',
  ),
  read('the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET {path} HTTP/1.1'),
  read('TE', 'GET {path} HTTP/1.1', 'Host: a\r\nTE: trailers, chunked\r\nConnection: TE'),
  read('an announced trailer', 'GET {path} HTTP/1.1', 'Host: a\r\nTrailer: X-Auth-Token'),
  read('an unknown expectation', 'GET {path} HTTP/1.1', 'Host: a\r\nExpect: 200-maybe'),
  read('an expectation without a body', 'GET {path} HTTP/1.1', 'Host: a\r\nExpect: 100-continue'),
  read('CONNECT with an authority', 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\nGET {path} HTTP/1.1'),
  read('a request line without a path', 'GET  HTTP/1.1'),
  read('a query and no path', 'GET ?{path} HTTP/1.1'),
  read('two slashes before a host', 'GET //evil{path} HTTP/1.1'),
  read('a Host with a path', 'GET {path} HTTP/1.1', 'Host: a/../b'),
  read('a Host with a user', 'GET {path} HTTP/1.1', 'Host: a@b'),
  read('a folded Host', 'GET {path} HTTP/1.1', 'Host: a\r\n b'),
  read('a Host after a folded line', 'GET {path} HTTP/1.1', ' X-A: b\r\nHost: a'),
  read('a NUL in a value', 'GET {path} HTTP/1.1', 'Host: a\r\nX-A: b\0c'),
  read('a DEL in a value', 'GET {path} HTTP/1.1', 'Host: a\r\nX-A: b\x7fc'),
  read('1500 headers', 'GET {path} HTTP/1.1', `Host: a${'\r\nX-A: b'.repeat(1500)}`),
  read('a header of 70 KB', 'GET {path} HTTP/1.1', `Host: a\r\nX-A: ${'b'.repeat(70_000)}`),
  read('a path of 70 KB', `GET {path}${'b'.repeat(70_000)} HTTP/1.1`),
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
