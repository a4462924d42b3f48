import test from 'ava'
import fc from 'fast-check'
import { createLinkRewriter, rewriteText } from '../../src/upstream/link-rewriter.js'
import { growthForEight, MOST_FOR_EIGHT } from '../growth.js'
import { hostileBodies, rewriteInPieces, rules, theirs } from './hostile-bodies.js'

const ours = 'https://proxy/volume/v3/p/volumes/1'

function rewrite(text: string): string {
  return rewriteText(text, createLinkRewriter(rules))
}

test('only the links of a document change, and no other byte', t => {
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

test('next and first are links only in the document itself, not in its items', t => {
  const document = (link: string) =>
    `{"images": [{"next": "http://glance/x", "first": "http://glance/x"}], "next": "${link}", "first": "${link}"}`
  t.is(rewrite(document('http://glance/x')), document('https://proxy/image/x'))
  const one = createLinkRewriter({ ...rules, listLink: null })
  t.is(rewriteText(document('http://glance/x'), one), document('http://glance/x'))
})

const linked: Record<string, (name: string, link: string) => string> = {
  links: (name, link) => `{"x":1,"${name}":[{"rel":"x","href":"${link}"}]}`,
  volumes_links: (name, link) => `{"x":1,"${name}":[{"rel":"x","href":"${link}"}]}`,
  href: (name, link) => `{"x":1,"links":[{"rel":"x","${name}":"${link}"}]}`,
  next: (name, link) => `{"x":1,"${name}":"${link}"}`,
  first: (name, link) => `{"x":1,"${name}":"${link}"}`,
}

/** The text with some letters escaped: `li\\u006eks`. */
function withEscapes(
  text: string,
  isEscaped: (index: number) => boolean,
  digits: 'upper' | 'lower',
) {
  return [...text]
    .map((letter, index) => {
      const hex = letter.charCodeAt(0).toString(16)
      return isEscaped(index) ? `\\u00${digits === 'upper' ? hex.toUpperCase() : hex}` : letter
    })
    .join('')
}

for (const [name, document] of Object.entries(linked)) {
  test(`the name ${name} is recognised with any of its letters escaped`, t => {
    const [from, to] = ['next', 'first'].includes(name)
      ? ['http://glance/x', 'https://proxy/image/x']
      : [theirs, ours]
    for (let letters = 0; letters < 2 ** name.length; letters += 1) {
      for (const digits of ['upper', 'lower'] as const) {
        const escaped = withEscapes(name, index => ((letters >> index) & 1) === 1, digits)
        t.is(rewrite(document(escaped, from)), document(escaped, to))
      }
    }
  })
}

test('JSON escapes in a link are decoded', t => {
  const escaped = '{"links":[{"href":"http:\\/\\/[fd00::1]:8776\\/v3\\u002fp"}]}'
  t.is(rewrite(escaped), '{"links":[{"href":"https://proxy/volume/v3/p"}]}')
})

for (const [what, text] of [
  ['a property with the name links', `{"links": "${theirs}", "href": "${theirs}"}`],
  [
    'an array of links below the maximum depth',
    `${'['.repeat(80)}{"links":[{"href":"${theirs}"}]}`,
  ],
  ['a link that is not a string', '{"links":[{"href":7},{"href":null},{"href":{"href":7}}]}'],
  ['a document that is cut off in a link', `{"links":[{"href":"${theirs}`],
  ['a document that is cut off in a name', '{"links":[{"hre'],
  ['a body that is not JSON', ']}"\\,{{"links"'],
  ['a very long name', `{"${'links'.repeat(1000)}": [{"href": "${theirs}"}]}`],
  ['a link too long to follow', `{"links":[{"href":"${theirs}${'x'.repeat(20_000)}"}]}`],
  ['an empty body', ''],
] as const) {
  test(`${what} is forwarded unchanged`, t => t.is(rewrite(text), text))
}

test('bytes that are not UTF-8 are forwarded unchanged', t => {
  const odd = Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x22, 0x80, 0x22, 0x7d])
  t.true(rewriteInPieces(odd, [3]).equals(odd))
})

test('a document without links is forwarded without a copy', t => {
  const chunk = Buffer.from('{"a": [1, 2, {"b": "c"}]}')
  t.is(createLinkRewriter(rules).write(chunk)[0]?.buffer, chunk.buffer)
})

const links = fc.array(fc.record({ rel: fc.constant('self'), href: fc.constant(theirs) }))
const documents = fc.record({
  volumes: fc.array(fc.record({ name: fc.string({ unit: 'binary' }), links })),
  volumes_links: links,
  any: fc.jsonValue({ maxDepth: 3 }),
})

test('the same links are rewritten however a body is split into chunks', t => {
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

for (const hostile of hostileBodies) {
  test(`${hostile.name}: the time to rewrite a body grows with its size, not with the square`, t => {
    t.timeout(120_000)
    const growth = growthForEight(hostile, { size: 400_000, runs: 5 })
    t.true(growth <= MOST_FOR_EIGHT, `8 times the size took ${growth} times as long`)
  })
}
