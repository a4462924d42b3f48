import test from 'ava'
import fc from 'fast-check'
import { cut, parse } from './parsing.js'

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`

test('a response with a length is read with unchanged fields', t => {
  t.deepEqual(
    parse([`${OK}Set-Cookie: a=1\r\nset-cookie:\t b=2 \r\nContent-Length: 5\r\n\r\nhello`]),
    {
      status: 200,
      headers: ['Set-Cookie', 'a=1', 'set-cookie', 'b=2', 'Content-Length', '5'],
      body: 'hello',
      trailers: [],
      isComplete: true,
      isReusable: true,
      error: null,
    },
  )
})

test('a chunked response is read with its trailers and without its extensions', t => {
  const chunks = '5;a="b"\r\nhello\r\n00A ; x\r\n, ten more!\r\n0\r\nX-Sum: 1\r\n\r\n'
  t.like(parse([CHUNKED + chunks.replace(', ten more!', ' ten more!')]), {
    body: 'hello ten more!',
    trailers: ['X-Sum', '1'],
    isReusable: true,
    error: null,
  })
})

test('a response without a length ends with its connection', t => {
  t.like(parse([`${OK}\r\nall of it`]), { body: 'all of it', isComplete: true, isReusable: false })
  t.like(parse(['HTTP/1.0 200\r\nContent-Length: 2\r\n\r\nok']), { body: 'ok', isReusable: false })
})

for (const [method, status] of [
  ['HEAD', '200 OK'],
  ['GET', '304 Not Modified'],
  ['DELETE', '204 No Content'],
] as const) {
  for (const framing of ['Content-Length: 70000\r\n', 'Transfer-Encoding: chunked\r\n', '']) {
    const title = framing.trim() || 'no length'
    test(`a ${status} to ${method} with ${title} has no body and leaves the connection usable`, t => {
      t.like(parse([`HTTP/1.1 ${status}\r\n${framing}\r\n`], method), {
        body: '',
        isComplete: true,
        isReusable: true,
        error: null,
      })
    })
  }
}

test('any number of interim responses before the final one is left out', t => {
  const interim = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'
  const { status, headers, body } = parse([
    `${interim.repeat(500)}${OK}Content-Length: 2\r\n\r\nok`,
  ])
  t.deepEqual(
    { status, headers, body },
    { status: 200, headers: ['Content-Length', '2'], body: 'ok' },
  )
})

test('a connection is not reused after Connection: close, also in a list', t => {
  for (const value of ['close', 'Close', 'keep-alive, close', 'a,CLOSE ,b']) {
    t.false(parse([`${OK}Connection: ${value}\r\nContent-Length: 0\r\n\r\n`]).isReusable, value)
  }
  t.true(parse([`${OK}Connection: closed\r\nContent-Length: 0\r\n\r\n`]).isReusable)
})

test('bytes after the end of a response are not read as another response, and close the connection', t => {
  for (const response of [
    `${OK}Content-Length: 2\r\n\r\nok`,
    `${OK}Content-Length: 0\r\n\r\n`,
    `${CHUNKED}2\r\nok\r\n0\r\n\r\n`,
  ]) {
    const parsed = parse([`${response}HTTP/1.1 200 OK\r\nX-Forged: yes\r\n\r\nforged`])
    t.like(parsed, { isComplete: true, isReusable: false, error: 'MALFORMED_RESPONSE' })
    t.notRegex(parsed.body + parsed.headers.join(), /forged/i)
    t.is(parse([response, 'x']).error, 'MALFORMED_RESPONSE')
  }
})

for (const [what, response] of Object.entries({
  'another protocol': 'SSH-2.0-OpenSSH_9.2\r\n\r\n',
  'HTTP/2.0 in the status line': 'HTTP/2.0 200 OK\r\n\r\n',
  'HTTP/0.9': '<html>hello</html>',
  'a status of two digits': 'HTTP/1.1 20 OK\r\n\r\n',
  'a status of four digits': 'HTTP/1.1 2000 OK\r\n\r\n',
  'a status below 100': 'HTTP/1.1 099 OK\r\n\r\n',
  'a status above 599': 'HTTP/1.1 600 OK\r\n\r\n',
  'two spaces before the status': 'HTTP/1.1  200 OK\r\n\r\n',
  'a status line in lower case': 'http/1.1 200 OK\r\n\r\n',
  'an empty line before the status line': `\r\n${OK}\r\n`,
  'a folded line': `${OK}X-A: one\r\n two\r\n\r\n`,
  'a fold after the status line': `${OK} X-A: one\r\n\r\n`,
  'bare LF between lines': 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok',
  'one bare LF': `${OK}X-A: one\nX-B: two\r\n\r\n`,
  'a bare CR': `${OK}X-A: one\rX-Forged: two\r\n\r\n`,
  'a NUL in a value': `${OK}X-A: o\0ne\r\n\r\n`,
  'a NUL in a name': `${OK}X\0A: one\r\n\r\n`,
  'a NUL in the status line': 'HTTP/1.1 200 O\0K\r\n\r\n',
  'DEL in a value': `${OK}X-A: \x7f\r\n\r\n`,
  'a space before the colon': `${OK}X-A : one\r\n\r\n`,
  'a field without a colon': `${OK}X-A\r\n\r\n`,
  'a field without a name': `${OK}: one\r\n\r\n`,
  'a name with a slash': `${OK}X/A: one\r\n\r\n`,
  'a switch of protocols': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n',
  'two different lengths': `${OK}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!`,
  'the same length twice': `${OK}Content-Length: 2\r\ncontent-length: 2\r\n\r\nok`,
  'a list of lengths': `${OK}Content-Length: 2, 2\r\n\r\nok`,
  'a negative length': `${OK}Content-Length: -1\r\n\r\n`,
  'a length with a sign': `${OK}Content-Length: +2\r\n\r\nok`,
  'a hexadecimal length': `${OK}Content-Length: 0x2\r\n\r\nok`,
  'an empty length': `${OK}Content-Length:\r\n\r\n`,
  'a length with a point': `${OK}Content-Length: 2.0\r\n\r\nok`,
  'a length beyond exact numbers': `${OK}Content-Length: 9007199254740993\r\n\r\n`,
  'a malformed length in a 304': 'HTTP/1.1 304 Not Modified\r\nContent-Length: x\r\n\r\n',
  'a length and chunks': `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'another coding': `${OK}Transfer-Encoding: gzip\r\n\r\n`,
  'another coding, then chunks': `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  'chunks, then another coding': `${OK}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`,
  'chunks twice': `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'a disguised coding': `${OK}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
  'the identity coding': `${OK}Transfer-Encoding: identity\r\n\r\nok`,
  'an empty coding': `${OK}Transfer-Encoding:\r\n\r\n`,
  'a coding with a vertical tab': `${OK}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`,
  'chunks in HTTP/1.0': 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'a chunk without a length': `${CHUNKED}\r\nok\r\n0\r\n\r\n`,
  'a chunk length with 0x': `${CHUNKED}0x2\r\nok\r\n0\r\n\r\n`,
  'a chunk length with a sign': `${CHUNKED}+2\r\nok\r\n0\r\n\r\n`,
  'a chunk length with a space before': `${CHUNKED} 2\r\nok\r\n0\r\n\r\n`,
  'a chunk length with a space after': `${CHUNKED}2 \r\nok\r\n0\r\n\r\n`,
  'a chunk length beyond exact numbers': `${CHUNKED}fffffffffffff0002\r\nok\r\n0\r\n\r\n`,
  'a chunk line that ends in LF': `${CHUNKED}2\nok\r\n0\r\n\r\n`,
  'a chunk that ends in LF': `${CHUNKED}2\r\nok\n0\r\n\r\n`,
  'a chunk that is longer than it says': `${CHUNKED}2\r\nokay\r\n0\r\n\r\n`,
  'a chunk line without an end': `${CHUNKED}2;${'x'.repeat(5000)}`,
  'a control character in a chunk extension': `${CHUNKED}2;\0\r\nok\r\n0\r\n\r\n`,
  'a bare CR in a chunk extension': `${CHUNKED}2;\rx\r\nok\r\n0\r\n\r\n`,
  'a trailer that is no field': `${CHUNKED}0\r\nno field\r\n\r\n`,
  'trailers without an end': `${CHUNKED}0\r\n${'X-A: one\r\n'.repeat(10_000)}`,
  'a head without an end': `${OK}${`X-A: ${'x'.repeat(1000)}\r\n`.repeat(300)}`,
  'one line without an end': `${OK}X-A: ${'x'.repeat(300_000)}`,
  'more than a thousand fields': `${OK}${'X-A: one\r\n'.repeat(1001)}\r\n`,
})) {
  test(`a response with ${what} is rejected, in one piece and byte by byte`, t => {
    const whole = parse([response])
    t.is(whole.error, 'MALFORMED_RESPONSE')
    const pieces =
      response.length > 20_000 ? [response.slice(0, 9), response.slice(9)] : [...response]
    t.is(parse(pieces).error, 'MALFORMED_RESPONSE')
  })
}

test('all of a thousand fields are read', t => {
  const { headers } = parse([`${OK}${'X-A: one\r\n'.repeat(1000)}\r\n`])
  t.is(headers.length, 2000)
})

for (const [where, response] of Object.entries({
  'before the response': '',
  'in the head': `${OK}X-A`,
  'in a body of known length': `${OK}Content-Length: 5\r\n\r\nhel`,
  'in a chunk': `${CHUNKED}5\r\nhel`,
  'between chunks': `${CHUNKED}5\r\nhello\r\n`,
  'in the trailers': `${CHUNKED}0\r\nX-A: one\r\n`,
})) {
  test(`a connection that is closed ${where} leaves the response incomplete`, t => {
    t.like(parse([response]), { isComplete: false, error: 'CONNECTION_CLOSED' })
  })
}

const field = fc.tuple(
  fc.stringMatching(/^X-[\w-]{1,9}$/),
  fc.stringMatching(/^[!-~]{0,5}(?:[\t -~\x80-\xff]{0,9}[!-~])?$/),
)
const body = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)),
})
const response = fc
  .record({
    fields: fc.array(field),
    body,
    sizes: fc.array(fc.integer({ min: 1, max: 9 })),
    interim: fc.integer({ min: 0, max: 2 }),
    framing: fc.constantFrom('sized', 'chunked', 'close'),
  })
  .map(({ fields, body, sizes, interim, framing }) => {
    const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const before = 'HTTP/1.1 102 Processing\r\nX-A: b\r\n\r\n'.repeat(interim) + OK + lines
    if (framing === 'close') return `${before}\r\n${body}`
    if (framing === 'sized') return `${before}Content-Length: ${body.length}\r\n\r\n${body}`
    let chunks = ''
    let rest = body
    for (const size of [...sizes, body.length]) {
      const chunk = rest.slice(0, size)
      rest = rest.slice(size)
      if (chunk !== '') chunks += `${chunk.length.toString(16)}\r\n${chunk}\r\n`
    }
    return `${before}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\nX-Sum: 1\r\n\r\n`
  })
const places = fc.array(fc.nat())

test('a response is parsed in the same way however it is split', t => {
  fc.assert(
    fc.property(response, places, (text, at) => {
      const whole = parse([text])
      t.is(whole.error, null)
      t.true(whole.isComplete)
      t.deepEqual(parse(cut(text, at)), whole)
    }),
    { numRuns: 300 },
  )
})

test('damaged bytes are accepted or rejected in the same way however they are split', t => {
  const damage = fc.array(
    fc.tuple(fc.nat(), fc.constantFrom('', '\n', '\r', '\0', ' ', ':', 'f', '\r\n')),
  )
  fc.assert(
    fc.property(response, damage, places, (text, changes, at) => {
      const damaged = changes.reduce((before, [place, byte]) => {
        const where = place % (before.length + 1)
        return before.slice(0, where) + byte + before.slice(where + 1)
      }, text)
      const whole = parse([damaged])
      const pieces = parse(cut(damaged, at))
      t.is(pieces.error, whole.error)
      t.is(pieces.isComplete, whole.isComplete)
      t.deepEqual([pieces.status, pieces.headers], [whole.status, whole.headers])
      if (whole.error === null) t.is(pieces.body, whole.body)
    }),
    { numRuns: 1000 },
  )
})
