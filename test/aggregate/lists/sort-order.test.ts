import test from 'ava'
import {
  createComparator,
  fixedOrder,
  parseSortOrder,
  type SortPosition,
  sortPositionOf,
} from '../../../src/aggregate/lists/sort-order.js'
import { listRulesOf } from '../../../src/service/find-list-rules.js'
import { cornmeal, idp } from '../../controls.js'

const [image, volume] = [listRulesOf('image'), listRulesOf('volume')]
const up = (name: string) => ({ name, descending: false })
const down = (name: string) => ({ name, descending: true })

for (const [query, rules, keys, idDescending] of [
  ['', image, [down('created_at')], true],
  ['', volume, [down('created_at')], true],
  ['?sort=name', image, [down('name'), down('created_at')], true],
  ['?sort=name:asc', image, [up('name'), up('created_at')], false],
  ['?sort=name:asc,size:desc', image, [up('name'), down('size'), down('created_at')], true],
  ['?sort=name:asc,size:desc', volume, [up('name'), down('size'), up('created_at')], false],
  ['?sort=%20name:asc%20,created_at', volume, [up('name'), down('created_at')], false],
  ['?sort_key=name&sort_key=size', image, [down('name'), down('size'), down('created_at')], true],
  [
    '?sort_key=name&sort_key=size&sort_dir=asc',
    image,
    [up('name'), up('size'), up('created_at')],
    false,
  ],
  [
    '?sort_key=name&sort_dir=asc&sort_key=size&sort_dir=desc',
    image,
    [up('name'), down('size'), down('created_at')],
    true,
  ],
  ['?sort_key=name&sort_key=size', volume, [down('name'), down('created_at')], true],
  ['?sort_dir=asc', image, [up('created_at')], false],
  ['?sort=display_name:asc', volume, [up('name'), up('created_at')], false],
] as const) {
  test(`the order of ${query || 'no query'} in the ${rules === image ? 'image' : 'volume'} service`, t => {
    t.deepEqual(parseSortOrder(query, rules), { keys, idDescending })
  })
}

test('a list without pages has an order that no parameter changes', t => {
  const order = fixedOrder({ since: '3.59', before: 'oldest first' })
  t.deepEqual(order, { keys: [up('created_at')], idDescending: false })
})

const order = parseSortOrder('?sort=name:asc,size:desc', image)
const mark = (
  name: string | null,
  size: number,
  rest: Partial<SortPosition> = {},
): SortPosition => ({
  cloud: idp,
  id: 'b',
  values: [name, size, '2026-01-01'],
  ...rest,
})

for (const [what, before, after] of [
  ['the first key', mark('a', 1), mark('b', 2)],
  ['the second key, the other way round', mark('a', 2), mark('a', 1)],
  ['nothing before anything', mark(null, 1), mark('', 1)],
  ['letters whatever their case', mark('B', 1), mark('c', 1)],
  ['numbers as numbers', mark('a', 10), mark('a', 9)],
  ['the cloud that is nearer', mark('a', 1, { id: 'a' }), mark('a', 1, { cloud: cornmeal })],
  ['the greater id within a cloud', mark('a', 1, { id: 'c' }), mark('a', 1)],
] as const) {
  test(`items are in order by ${what}`, t => {
    const compare = createComparator(order, [idp, cornmeal])
    t.true(compare(before, after) < 0)
    t.true(compare(after, before) > 0)
  })
}

test('names that differ only in case are ordered by the next key, as in databases', t => {
  t.true(createComparator(order, [idp])(mark('A', 2), mark('a', 1)) < 0)
})

test('a missing or structured sort value counts as null', t => {
  const item = { id: 'i', name: ['x'], size: 3 }
  t.deepEqual(sortPositionOf(item, idp, order), { cloud: idp, id: 'i', values: [null, 3, null] })
})

test('an item without an id has no sort position', t => {
  t.is(sortPositionOf({ name: 'x' }, idp, order), undefined)
})
