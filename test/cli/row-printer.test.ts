import test from 'ava'
import type { Format } from '../../src/cli/output-options.js'
import { createRowPrinter, printFacts, printRows } from '../../src/cli/row-printer.js'
import { MixmatchError } from '../../src/errors.js'
import { printedBy } from './outputs.js'

const rows = [
  { position: 1, resource: { type: 'volume', id: 'v1' }, project: 'a "b", c' },
  { position: 2, resource: null, project: null },
]

const printed = (format: Format, ...column: string[]) =>
  printedBy(out => printRows(out, { format, column }, rows))

test('a resource is an object in JSON, two words in a table, two columns in CSV and values', t => {
  t.is(
    printed('json'),
    '{"position":1,"resource":{"type":"volume","id":"v1"},"project":"a \\"b\\", c"}\n' +
      '{"position":2,"resource":null,"project":null}\n',
  )
  t.is(
    printed('table'),
    'position  resource   project\n1         volume v1  a "b", c\n2         -          -\n',
  )
  t.is(printed('csv'), 'position,type,id,project\r\n1,volume,v1,"a ""b"", c"\r\n2,,,\r\n')
  t.is(printed('value'), '1 volume v1 a "b", c\n2 - - -\n')
})

test('--column chooses columns and their order, in every format', t => {
  t.is(printed('value', 'id', 'position'), 'v1 1\n- 2\n')
  t.is(printed('csv', 'Position'), 'position\r\n1\r\n2\r\n')
  t.is(printed('json', 'id'), '{"id":"v1"}\n{"id":null}\n')
  t.is(printed('table', 'id'), 'id\nv1\n-\n')
  t.is(printed('csv', 'resource'), 'type,id\r\nvolume,v1\r\n,\r\n')
  t.is(printed('table', 'project'), 'project\na "b", c\n-\n')
})

test('an unknown --column is rejected with the names of all columns', t => {
  const error = t.throws(() => printed('value', 'colour'), { instanceOf: MixmatchError })
  t.is(error?.code, 'USAGE')
  t.is(error?.message, '--column colour: expected one of position, resource, project, type, id.')
})

test('CSV that is printed in several calls has one header', t => {
  const text = printedBy(out => {
    const print = createRowPrinter(out, { format: 'csv', column: [] })
    print([{ a: 1 }])
    print([{ a: 2 }])
  })
  t.is(text, 'a\r\n1\r\n2\r\n')
})

test('the values of facts are printed a line each', t => {
  const facts = { events: 3, head: 'abc' }
  t.is(
    printedBy(out => printFacts(out, { format: 'value', column: [] }, facts)),
    '3\nabc\n',
  )
  t.is(
    printedBy(out => printFacts(out, { format: 'value', column: ['head'] }, facts)),
    'abc\n',
  )
})
