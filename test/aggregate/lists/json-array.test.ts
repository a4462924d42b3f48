import test from 'ava'
import fc from 'fast-check'
import { splitArray } from '../../../src/aggregate/lists/json-array.js'

test('an array is split into its items and the rest of the object', t => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue()),
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.constantFrom(undefined, 1),
      (items, others, indent) => {
        const sliced = splitArray(
          JSON.stringify({ before: others, items, others }, null, indent),
          'items',
        )
        t.deepEqual(
          sliced?.items.map(text => JSON.parse(text)),
          JSON.parse(JSON.stringify(items)),
        )
        const rest = JSON.parse(JSON.stringify({ before: others, items: [], others }))
        t.deepEqual(JSON.parse(sliced?.rest ?? ''), rest)
      },
    ),
  )
})

test('a quotation mark ends a string unless an odd number of backslashes precedes it', t => {
  const items = ['"', '\\', '\\"', '\\\\', '\\\\"', '"],"', '\\",\\'].map(text =>
    JSON.stringify(text),
  )
  t.deepEqual(splitArray(`{"items":[${items.join(',')}]}`, 'items'), {
    items,
    rest: '{"items":[]}',
  })
})

test('an array of the same name in a nested object is not split', t => {
  const sliced = splitArray('{"a": {"items": [1]}, "b": "items", "items" : [ 2, [3] ]}', 'items')
  t.deepEqual(sliced, {
    items: [' 2', ' [3] '],
    rest: '{"a": {"items": [1]}, "b": "items", "items" : []}',
  })
})

for (const text of [
  '',
  '[]',
  '{"items": 1}',
  '{"other": []}',
  '{"items": [1',
  '{"items": ["x',
  'null',
]) {
  test(`${text || 'nothing'} has no such array`, t => {
    t.is(splitArray(text, 'items'), null)
  })
}
