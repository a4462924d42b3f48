import test from 'ava'
import fc from 'fast-check'
import { readArray } from '../../../src/aggregate/lists/json-array.js'

function readItems(text: string) {
  return readArray(text, 'items', (json, value) => ({ json, value }))
}

/** Any values, and objects as services list them. Braces in strings look like the ends of items. */
const text = fc.string({ unit: fc.constantFrom('{', '}', '[', ']', ',', '"', '\\', 'a', 'é') })
const someItems = fc.oneof(
  fc.array(fc.jsonValue()),
  fc.array(fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), text))),
)

test('the items of an array are read as texts and values, apart from the rest of the object', t => {
  fc.assert(
    fc.property(
      someItems,
      fc.dictionary(text, fc.jsonValue()),
      fc.constantFrom(undefined, 1),
      (items, others, indent) => {
        const read = readItems(JSON.stringify({ before: others, items, others }, null, indent))
        const expected = JSON.parse(JSON.stringify(items))
        t.deepEqual(
          read?.items.map(({ value }) => value),
          expected,
        )
        t.deepEqual(
          read?.items.map(({ json }) => JSON.parse(json)),
          expected,
        )
        const rest = JSON.parse(JSON.stringify({ before: others, items: [], others }))
        t.deepEqual(JSON.parse(read?.rest ?? ''), rest)
      },
    ),
  )
})

for (const [what, item] of [
  ['malformed', '{"b": nothing}'],
  ['no object', '7'],
  ['an object with a brace in a string', '{"a": "}", "b": "{,"}'],
] as const) {
  test(`an item that is ${what} changes no other item`, t => {
    const texts = ['{"a": 1.0}', item, '{"a": {"b": 12345678901234567890}}']
    t.deepEqual(
      readItems(`{"items":[${texts.join(',')}]}`)?.items.map(({ json }) => json),
      texts,
    )
  })
}

test('a malformed item has no value, and an item that is read as null is left out', t => {
  const text = '{"items": [{"a": 1}, {"a": }, {"a": 3}], "next": {}}'
  t.deepEqual(
    readItems(text)?.items.map(({ value }) => value),
    [{ a: 1 }, undefined, { a: 3 }],
  )
  const read = readArray(text, 'items', (_, value) => (value === undefined ? null : 'well-formed'))
  t.deepEqual(read, { items: ['well-formed', 'well-formed'], rest: '{"items": [], "next": {}}' })
})

test('a quotation mark ends a string unless an odd number of backslashes precedes it', t => {
  const items = ['"', '\\', '\\"', '\\\\', '\\\\"', '"],"', '\\",\\'].map(text =>
    JSON.stringify(text),
  )
  const read = readItems(`{"items":[${items.join(',')}]}`)
  t.deepEqual(
    read?.items.map(({ json }) => json),
    items,
  )
  t.is(read?.rest, '{"items":[]}')
})

test('an array of the same name in a nested object is not read', t => {
  const read = readItems('{"a": {"items": [1]}, "b": "items", "items" : [ 2, [3] ]}')
  t.deepEqual(
    read?.items.map(({ json }) => json),
    [' 2', ' [3] '],
  )
  t.is(read?.rest, '{"a": {"items": [1]}, "b": "items", "items" : []}')
})

for (const text of [
  '',
  '[]',
  '{"items": 1}',
  '{"other": []}',
  '{"items": [1',
  '{"items": [{}',
  '{"items": [{},',
  '{"items": ["x',
  'null',
]) {
  test(`${text || 'nothing'} has no such array`, t => {
    t.is(readItems(text), null)
  })
}
