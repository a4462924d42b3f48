import { createHmac, randomUUID } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import test from 'ava'
import fc from 'fast-check'
import { type Cursor, createCursors, cursorKey } from '../../../src/aggregate/lists/cursor.js'
import { alice, bob, cornmeal, idp } from '../../controls.js'

const cursor: Cursor = {
  last: 'an id',
  reached: { cloud: idp, id: 'another', values: ['name', 7, true, null] },
  places: [
    { cloud: idp, project: alice, after: 'an id' },
    { cloud: cornmeal, project: bob, after: null },
  ],
}
const cursors = createCursors(cursorKey(['secret']))

test('a cursor that is written and read stays the same', t => {
  t.deepEqual(cursors.read(cursors.write(cursor, 'list'), 'list'), cursor)
})

test('a cursor is invalid for another list and with another key', t => {
  const text = cursors.write(cursor, 'list')
  t.is(cursors.read(text, 'another list'), null)
  t.is(createCursors(cursorKey(['another'])).read(text, 'list'), null)
})

test('a cursor with any byte changed is invalid', t => {
  const bytes = Buffer.from(cursors.write(cursor, 'list'), 'base64url')
  for (const index of bytes.keys()) {
    const changed = Buffer.from(bytes)
    changed[index] = (changed[index] ?? 0) ^ 1
    t.is(cursors.read(changed.toString('base64url'), 'list'), null)
  }
})

for (const text of ['', 'x', '%%%', 'A'.repeat(22), 'A'.repeat(100_000)]) {
  test(`${text.slice(0, 30)}… of ${text.length} characters is no cursor`, t => {
    t.is(cursors.read(text, 'list'), null)
  })
}

/** A cursor of any bytes, with a valid signature. */
function signed(packed: Uint8Array): string {
  const hmac = createHmac('sha256', cursorKey(['secret']))
  const digest = hmac.update('4 list').update(packed).digest()
  return Buffer.concat([digest.subarray(0, 16), packed]).toString('base64url')
}

test('a signed text of another form is no cursor', t => {
  t.is(cursors.read(signed(deflateRawSync('["something","else"]')), 'list'), null)
})

test('a signed text that inflates to more than the limit is no cursor', t => {
  t.is(cursors.read(signed(deflateRawSync(' '.repeat(10_000_000))), 'list'), null)
})

test('reading a cursor never throws, not even with a valid signature', t => {
  const texts = fc.oneof(
    fc.string(),
    fc.base64String(),
    fc.uint8Array({ minLength: 1 }).map(signed),
    fc.string().map(text => signed(deflateRawSync(text))),
    fc.json().map(json => signed(deflateRawSync(json))),
  )
  fc.assert(fc.property(texts, text => cursors.read(text, 'list') === null))
  t.pass()
})

test('the same secrets give the same key, other secrets another', t => {
  t.deepEqual(cursorKey(['a', 'b']), cursorKey(['a', 'b']))
  t.notDeepEqual(cursorKey(['a', 'b']), cursorKey(['ab']))
})

test('a cursor for three clouds is shorter than 400 characters', t => {
  const place = () => ({ cloud: cornmeal, project: bob, after: randomUUID() })
  const places = [place(), place(), place()]
  t.true(cursors.write({ ...cursor, places }, 'list').length < 400)
})
