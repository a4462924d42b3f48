import test from 'ava'
import { wholeTable } from '../../src/cli/output-options.js'
import { printFacts, printRows, type Row } from '../../src/cli/row-printer.js'
import { printedBy } from './outputs.js'

function tableOf(rows: readonly Row[], columns?: number): readonly string[] {
  const text = printedBy(out => printRows(out, wholeTable, rows), columns)
  return text.trimEnd().split('\n')
}

const rowsOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    service_provider: index % 2 === 0 ? 'default' : 'sp1',
    name: index === count - 1 ? 'ünlü 大' : 'x',
    position: index,
  }))

test('a table has a header and rows', t => {
  t.deepEqual(tableOf([{ service_provider: 'sp1', id: null }]), [
    'service provider  id',
    'sp1               -',
  ])
})

test('a table of many rows has all of them, uncut, under one header', t => {
  const lines = tableOf(rowsOf(2_345))
  t.is(lines.length, 2_346)
  const [head = '', ...rest] = lines
  const at = head.indexOf('position')
  t.true(at > 0)
  for (const [index, line] of rest.slice(0, -1).entries()) t.is(line.slice(at), String(index))
  t.regex(rest.at(-1) ?? '', /^default +ünlü 大 +2344$/)
})

test('a table can have 150,000 rows', t => {
  t.is(tableOf(rowsOf(150_000)).length, 150_001)
})

test('a table aligns wide and combining characters', t => {
  t.deepEqual(
    tableOf([
      { name: '大', at: 1 },
      { name: 'e\u0301e', at: 2 },
      { name: 'abcd', at: 3 },
    ]),
    ['name  at', '大    1', 'e\u0301e    2', 'abcd  3'],
  )
})

const id = '11111111-1111-4111-8111-111111111111'

test('a table that is too wide for the terminal is wrapped between words', t => {
  const rows = [{ id, found: 'the cloud had it and the log did not know', position: 7 }]
  t.deepEqual(tableOf(rows, 60), [
    'id                                    found         position',
    `${id}  the cloud     7`,
    '                                      had it and',
    '                                      the log did',
    '                                      not know',
  ])
  t.is(tableOf(rows).length, 2)
})

test('a table with words too wide for the terminal prints each row as a block, with unbroken ids', t => {
  const rows = [
    { id, project: 'a11ce000000000000000000000000001' },
    { id, project: null },
  ]
  t.deepEqual(tableOf(rows, 60), [
    `id       ${id}`,
    'project  a11ce000000000000000000000000001',
    '',
    `id       ${id}`,
    'project  -',
  ])
})

test('facts are wrapped to the terminal', t => {
  const facts = { envelope: '2.0', says: 'a sentence that is a little longer than its terminal' }
  t.is(
    printedBy(out => printFacts(out, wholeTable, facts), 40),
    'envelope  2.0\nsays      a sentence that is a little\n          longer than its terminal\n',
  )
})

test('a table uses the full width of the terminal', t => {
  const wide = printedBy(out => printRows(out, wholeTable, [{ id, other: id }]), 80)
  t.is(wide.trimEnd().split('\n').length, 2)
})
