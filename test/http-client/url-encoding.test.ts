import test from 'ava'
import fc from 'fast-check'
import {
  encodePathSegment,
  encodeQuery,
  isPathSegment,
} from '../../src/http-client/url-encoding.js'

const text = fc.string({ unit: 'binary' })

test('any text that is encoded as a path segment stays one segment and decodes to the same text', t => {
  fc.assert(
    fc.property(text, id => {
      if (!isPathSegment(id)) return t.throws(() => encodePathSegment(id)) !== undefined
      const { pathname, search, hash } = new URL(`http://cloud/a/${encodePathSegment(id)}/b`)
      const [, a, segment = '', b, ...more] = pathname.split('/')
      const kept = a === 'a' && b === 'b' && more.length === 0 && search === '' && hash === ''
      return kept && decodeURIComponent(segment) === id && !/%2f|%5c/i.test(segment)
    }),
  )
  t.pass()
})

for (const id of ['', '.', '..', 'a/b', '../..', 'a\\b', 'a\r\nb', 'a\u0000', '\ud800']) {
  test(`${JSON.stringify(id)} is rejected as a segment of a path`, t => {
    t.throws(() => encodePathSegment(id), { code: 'BAD_REQUEST' })
  })
}

test('any text that is encoded as a query parameter decodes to the same text and adds no other parameter', t => {
  fc.assert(
    fc.property(text, text, (name, value) => {
      const read = [...new URLSearchParams(encodeQuery({ [name]: value, left: null }))]
      const expected = name === 'left' ? [] : [[name, value].map(part => part.toWellFormed())]
      return JSON.stringify(read) === JSON.stringify(expected)
    }),
  )
  t.is(encodeQuery({ marker: '../x&limit=1', a: 'b c' }), 'marker=..%2Fx%26limit%3D1&a=b%20c')
})
