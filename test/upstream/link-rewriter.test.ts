import test from 'ava'
import fc from 'fast-check'
import {
  createLinkRewriter,
  type LinkRules,
  rewriteText,
} from '../../src/upstream/link-rewriter.js'

const rules: LinkRules = {
  link: url => url.replace('http://[fd00::1]:8776', 'https://proxy/volume'),
  listLink: url => url.replace('http://glance', 'https://proxy/image'),
}
const theirs = 'http://[fd00::1]:8776/v3/p/volumes/1'
const ours = 'https://proxy/volume/v3/p/volumes/1'

function rewrite(text: string): string {
  return rewriteText(text, createLinkRewriter(rules))
}

/** The same, in pieces that end where they like. */
function rewriteInPieces(bytes: Buffer, sizes: readonly number[]): Buffer {
  const rewriter = createLinkRewriter(rules)
  const out: Buffer[] = []
  let at = 0
  for (let index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1
    out.push(...rewriter.write(bytes.subarray(at, at + size)).map(piece => Buffer.from(piece)))
    at += size
  }
  return Buffer.concat([...out, ...rewriter.end()])
}

test('only links change in a document, and not one byte besides', t => {
  const document = (link: string) =>
    `{"volumes": [{"n": 1.0, "big": 12345678901234567890, "metadata": {"href": "${theirs}"},\n` +
    ` "name": "\\"links\\": [{\\"href\\": \\"${theirs}\\"}]", "note": "]}\\\\", "links" : [[1, "]"], ` +
    `{"rel":"self", "href" : "${link}"}, {"deep": {"href": "${link}"}}]}],` +
    ` "volumes_links": [{"rel": "next", "href": "${link}"}], "direct_url": "${theirs}"}`
  t.is(rewrite(document(theirs)), document(ours))
})

test('links of an object are rewritten, whatever their names', t => {
  const document = (link: string) => `{"links": {"self": "${link}", "next": null, "x": "${link}"}}`
  t.is(rewrite(document(theirs)), document(ours))
})

test('next and first are links of the document itself alone', t => {
  const document = (link: string) =>
    `{"images": [{"next": "http://glance/x", "first": "http://glance/x"}], "next": "${link}", "first": "${link}"}`
  t.is(rewrite(document('http://glance/x')), document('https://proxy/image/x'))
  const one = createLinkRewriter({ ...rules, listLink: null })
  t.is(rewriteText(document('http://glance/x'), one), document('http://glance/x'))
})

test('a link is read as JSON spells it', t => {
  const escaped = '{"links":[{"href":"http:\\/\\/[fd00::1]:8776\\/v3\\u002fp"}]}'
  t.is(rewrite(escaped), '{"links":[{"href":"https://proxy/volume/v3/p"}]}')
})

for (const [what, text] of [
  ['a property by the name of links', `{"links": "${theirs}", "href": "${theirs}"}`],
  ['links deeper than any document has them', `${'['.repeat(80)}{"links":[{"href":"${theirs}"}]}`],
  ['a link that is no string', '{"links":[{"href":7},{"href":null},{"href":{"href":7}}]}'],
  ['a document that is cut off in a link', `{"links":[{"href":"${theirs}`],
  ['a document that is cut off in a name', '{"links":[{"hre'],
  ['no JSON', ']}"\\,{{"links"'],
  ['a name that goes on for ever', `{"${'links'.repeat(1000)}": [{"href": "${theirs}"}]}`],
  ['a link too long to follow', `{"links":[{"href":"${theirs}${'x'.repeat(20_000)}"}]}`],
  ['an empty body', ''],
] as const) {
  test(`${what} passes as it is`, t => t.is(rewrite(text), text))
}

test('bytes that are no text pass as they are', t => {
  const odd = Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x22, 0x80, 0x22, 0x7d])
  t.true(rewriteInPieces(odd, [3]).equals(odd))
})

test('a document that has no links passes without a copy', t => {
  const chunk = Buffer.from('{"a": [1, 2, {"b": "c"}]}')
  t.is(createLinkRewriter(rules).write(chunk)[0]?.buffer, chunk.buffer)
})

const links = fc.array(fc.record({ rel: fc.constant('self'), href: fc.constant(theirs) }))
const documents = fc.record({
  volumes: fc.array(fc.record({ name: fc.string({ unit: 'binary' }), links })),
  volumes_links: links,
  any: fc.jsonValue({ maxDepth: 3 }),
})

test('wherever a body is cut into pieces, the same links are rewritten', t => {
  fc.assert(
    fc.property(
      documents,
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (value, sizes) => {
        const text = JSON.stringify(value)
        t.is(rewriteInPieces(Buffer.from(text), sizes).toString(), rewrite(text))
        t.is(rewrite(text), text.replaceAll(`"href":"${theirs}"`, `"href":"${ours}"`))
      },
    ),
  )
})

/** Processor time of the fastest of some runs, in milliseconds: a busy machine does not count. */
function timeOf(text: string): number {
  const bytes = Buffer.from(text)
  const runs = [1, 2, 3, 4, 5].map(() => {
    const began = process.cpuUsage()
    rewriteInPieces(bytes, [65_536])
    const { user, system } = process.cpuUsage(began)
    return (user + system) / 1000
  })
  return Math.min(...runs)
}

for (const [what, make] of [
  ['of arrays that never end', (n: number) => '"links":['.repeat(n)],
  ['of quotes', (n: number) => '"links'.repeat(n)],
  ['of backslashes in a link', (n: number) => `{"links":[{"href":"${'\\\\'.repeat(n * 4)}`],
  ['of brackets', (n: number) => '['.repeat(n * 8)],
  ['of links', (n: number) => `{"links":[${`{"href":"${theirs}"},`.repeat(n / 4)}`],
  ['of names', (n: number) => `{${'"links": [], '.repeat(n)}`],
  ['of one long name', (n: number) => `{"${'links'.repeat(n)}`],
] as const) {
  test(`time grows no faster than a body ${what}`, t => {
    t.timeout(120_000)
    const small = timeOf(make(50_000))
    const large = timeOf(make(400_000))
    // Eight times as much takes eight times as long; a square would take 64 times as long.
    t.true(large < 30 * Math.max(small, 2), `${small} ms, then ${large} ms`)
  })
}
