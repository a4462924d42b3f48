import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import test from 'ava'

/** The pages say which test shows what. A test that was renamed or removed shows nothing. */
const pages = [
  ...globSync('docs/**/*.md'),
  ...['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'test/lab/README.md'],
]
const textOf = (page: string) => readFileSync(page, 'utf8').replaceAll(/\s+/g, ' ')
const matchesIn = (page: string, pattern: RegExp) =>
  [...textOf(page).matchAll(pattern)].map(match => match.slice(1))

test('every test and folder of tests that a page names exists', t => {
  const named = pages.flatMap(page => matchesIn(page, /`(test\/[\w./-]+)`/g).flat())
  t.true(named.length > 50)
  t.deepEqual(
    named.filter(path => !existsSync(path)),
    [],
  )
})

test('every title of a test that a page quotes is in the file that it names', t => {
  const quoted = pages.flatMap(page => matchesIn(page, /"([^"]+)" in `(test\/[\w./-]+)`/g))
  t.true(quoted.length > 1)
  for (const [title = '', file = ''] of quoted) {
    const titles = matchesIn(file, /test\( ?(['"`])(.+?)\1,/g).map(([, found]) => found)
    t.true(titles.includes(title), `${file}: ${title}`)
  }
})

test('every script that a page names exists', t => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object }
  const named = pages.flatMap(page => matchesIn(page, /\bnpm run (?:--silent )?([\w:-]+)/g).flat())
  t.true(named.length > 10)
  t.deepEqual(
    named.filter(name => !(name in scripts)),
    [],
  )
})

test('the page about the suites names every file of the faults', t => {
  const files = readdirSync('test/faults').filter(file => file.endsWith('.faults.ts'))
  const named = matchesIn('docs/proof.md', /\| `([\w-]+\.faults\.ts)` \|/g).flat()
  t.deepEqual(named.toSorted(), files.toSorted())
})
