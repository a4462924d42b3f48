import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import test from 'ava'
import { printRows, type Row } from '../../src/cli/output.js'

async function printed(rows: readonly Row[]): Promise<readonly string[]> {
  const out = new PassThrough()
  const all = text(out)
  printRows(out, 'table', rows)
  out.end()
  return (await all).trimEnd().split('\n')
}

const rowsOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    service_provider: index % 2 === 0 ? 'default' : 'sp1',
    name: index === count - 1 ? 'ünlü 大' : 'x',
    position: index,
  }))

test('a few rows stand under their heads', async t => {
  t.deepEqual(await printed([{ service_provider: 'sp1', id: null }]), [
    'service provider  id',
    'sp1               -',
  ])
})

test('of many rows none is lost or cut, and all stand under one head', async t => {
  const lines = await printed(rowsOf(2_345))
  t.is(lines.length, 2_346)
  const [head = '', ...rest] = lines
  const at = head.indexOf('position')
  t.true(at > 0)
  for (const [index, line] of rest.slice(0, -1).entries()) t.is(line.slice(at), String(index))
  t.regex(rest.at(-1) ?? '', /^default +ünlü 大 +2344$/)
})

test('a hundred and fifty thousand rows are a table like any other', async t => {
  t.is((await printed(rowsOf(150_000))).length, 150_001)
})
