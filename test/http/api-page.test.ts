import { readFileSync } from 'node:fs'
import test from 'ava'
import { faults } from '../../src/errors.js'

const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8')
const rows = [...page.matchAll(/^\| (\d{3}) \| `([A-Z_]+)` \| \S/gm)].map(
  ([, status, code = '']) => [code, Number(status)] as const,
)

/** Only commands end with these. An error of a request is never a plain 500. */
const ofCommands = ['USAGE', 'NOT_LOCATED']

test('docs/api.md has each error that a request can meet, with its status', t => {
  const met = Object.entries(faults)
    .filter(([code, { status }]) => status !== 500 && !ofCommands.includes(code))
    .map(([code, { status }]) => [code, status] as const)
  const byName = (a: readonly [string, number], b: readonly [string, number]) =>
    a[0].localeCompare(b[0])
  const written = rows.filter(([code]) => code !== 'UNFORESEEN')
  t.deepEqual([...written].sort(byName), met.sort(byName))
})
