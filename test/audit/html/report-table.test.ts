import test from 'ava'
import { formatTable } from '../../../src/audit/html/report-table.js'

test('a table that is cut names the option that prints the rest of its rows', t => {
  const rows = Array.from({ length: 2_001 }, (_, count) => ({ count }))
  const table = (of: typeof rows) =>
    formatTable(
      { name: 'transfers', title: 'Changes of the owner', columns: ['count'], rows: of },
      new Set(),
    )
  t.regex(table(rows), /The first 2,000 of 2,001 rows; --section transfers --format csv has all\./)
  t.is(table(rows).match(/<tr>/g)?.length, 2_001) // with the row of the heads
  t.notRegex(table(rows.slice(1)), /The first/)
})
