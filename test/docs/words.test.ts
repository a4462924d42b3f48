import { readFileSync } from 'node:fs'
import test from 'ava'
import { reasons } from '../../src/routing/decision.js'

/** What stands in backquotes in the first cells of a table's rows, below the header `| reason |`. */
function reasonsIn(page: string): readonly string[] {
  const lines = readFileSync(page, 'utf8').split('\n')
  const header = lines.findIndex(line => /^\|.*\breason\b.*\|$/.test(line))
  const rows = lines.slice(header + 2)
  const end = rows.findIndex(line => !line.startsWith('|'))
  return rows.slice(0, end).flatMap(row => /^\|[^`]*`(\w+)`/.exec(row)?.[1] ?? [])
}

for (const page of ['README.md', 'docs/debugging.md']) {
  test(`${page} explains every routing reason that the code can print, and no other`, t => {
    t.deepEqual([...reasonsIn(page)].sort(), [...reasons].sort())
  })
}

const requestHeaders = ['MM-SERVICE-PROVIDER', 'MM-PROJECT-ID', 'MM-PROXY-LIST']
const responseHeaders = ['MM-Service-Provider', 'MM-Partial']

for (const page of ['README.md', 'docs/api.md']) {
  test(`${page} has every header that Mixmatch reads or adds`, t => {
    const text = readFileSync(page, 'utf8')
    const named = new Set([...text.matchAll(/^\| `(MM-[\w-]+)` \|/gm)].map(match => match[1] ?? ''))
    t.deepEqual([...named].sort(), [...requestHeaders, ...responseHeaders].sort())
  })
}
