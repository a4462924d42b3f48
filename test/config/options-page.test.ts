import { readFileSync } from 'node:fs'
import test from 'ava'
import { options } from '../../src/config/options.js'
import { renderOptionsPage } from '../../src/config/options-page.js'

test('the reference in docs is what the table of options says', t => {
  const advice = 'npm run docs writes it anew'
  t.is(readFileSync('docs/configuration.md', 'utf8'), renderOptionsPage(), advice)
})

test('every option stands in the reference once, in a row of three cells', t => {
  const rows = renderOptionsPage()
    .split('\n')
    .filter(line => line.startsWith('| `'))
  t.deepEqual(
    rows.map(row => /^\| `(\w+)` \|/.exec(row)?.[1]),
    Object.values(options).flatMap(members => Object.values(members).map(({ name }) => name)),
  )
  for (const row of rows) t.is(row.split(/(?<!\\)\|/).length, 5, row)
})

test('no default in the reference is that of a secret', t => {
  const secrets = Object.values(options)
    .flatMap(members => Object.values(members))
    .filter(({ traits }) => 'secret' in traits && traits.secret)
  t.true(secrets.length > 0)
  for (const { name, default: fallback } of secrets) t.is(fallback, null, name)
})
