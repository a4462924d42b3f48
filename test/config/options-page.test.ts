import { readFileSync } from 'node:fs'
import test from 'ava'
import { options } from '../../src/config/options.js'
import { renderOptionsPage } from '../../src/config/options-page.js'

test('docs/configuration.md is up to date', t => {
  const advice = 'npm run docs writes it anew'
  t.is(readFileSync('docs/configuration.md', 'utf8'), renderOptionsPage(), advice)
})

test('every option is in docs/configuration.md once, in a row of three cells', t => {
  const rows = renderOptionsPage()
    .split('\n')
    .filter(line => line.startsWith('| `'))
  t.deepEqual(
    rows.map(row => /^\| `(\w+)` \|/.exec(row)?.[1]),
    Object.values(options).flatMap(members => Object.values(members).map(({ name }) => name)),
  )
  for (const row of rows) t.is(row.split(/(?<!\\)\|/).length, 5, row)
})

test('docs/configuration.md has no default of a secret option', t => {
  const secrets = Object.values(options)
    .flatMap(members => Object.values(members))
    .filter(({ traits }) => 'secret' in traits && traits.secret)
  t.true(secrets.length > 0)
  for (const { name, default: fallback } of secrets) t.is(fallback, null, name)
})
