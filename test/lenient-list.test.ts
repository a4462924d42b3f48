import test from 'ava'
import { z } from 'zod'
import { lenientList, requiredLenientList } from '../src/lenient-list.js'

const named = z.object({ name: z.string() })

test('a malformed entry is left out of a lenient list', t => {
  const entries = [{ name: 'a' }, { name: null }, null, 7, { name: 'b', more: 1 }]
  t.deepEqual(lenientList(named).parse(entries), [{ name: 'a' }, { name: 'b' }])
  t.deepEqual(requiredLenientList(named).parse(entries), [{ name: 'a' }, { name: 'b' }])
})

test('a missing lenient list is empty, unless it is required', t => {
  for (const missing of [undefined, null, {}, 'text']) {
    t.deepEqual(lenientList(named).parse(missing), [])
    t.false(requiredLenientList(named).safeParse(missing).success)
  }
  t.deepEqual(z.object({ list: lenientList(named) }).parse({}), { list: [] })
})

test('a required list with only malformed entries is rejected', t => {
  t.deepEqual(requiredLenientList(named).parse([]), [])
  t.false(requiredLenientList(named).safeParse([{}, 7]).success)
})
