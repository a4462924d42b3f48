/**
 * Measures Mixmatch beside others, each in turn on the same machine, and compares with the bars.
 *
 *     npm run bench                   everything; writes docs/performance.md
 *     npm run bench -- forward large  only these rows; writes nothing
 *     npm run bench -- --quick        smaller and shorter; writes nothing
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { leaveProxyCore } from './program.js'
import { describeMachine, writeReport } from './report.js'
import { columnsOf, isMet, type Result } from './result.js'
import { rows } from './rows/rows.js'

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const unknown = positionals.filter(name => !rows.some(row => row.name === name))
if (unknown.length > 0) {
  const names = rows.map(({ name }) => name).join(', ')
  throw new Error(`no row is called ${unknown.join(', ')}: expected some of ${names}`)
}

const folder = mkdtempSync(join(tmpdir(), 'mixmatch-bench-'))
const measured: { title: string; results: readonly Result[] }[] = []
const failed: string[] = []
// All programs end with this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
leaveProxyCore()
console.log(`${describeMachine()}\n`)
try {
  for (const row of rows) {
    if (positionals.length > 0 && !positionals.includes(row.name)) continue
    const begun = performance.now()
    try {
      const results = await row.measure({ folder, quick: values.quick })
      measured.push({ title: row.title, results })
      print(row.title, results, (performance.now() - begun) / 1000)
    } catch (error) {
      failed.push(row.name)
      console.error(`${row.name} could not be measured:`, error)
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

const missed = measured.flatMap(({ results }) => results.filter(result => !isMet(result)))
for (const { what } of missed) console.log(`missed: ${what}`)
for (const name of failed) console.log(`not measured: ${name}`)
if (positionals.length === 0 && !values.quick && failed.length === 0) writeReport(measured)
process.exitCode = missed.length + failed.length > 0 ? 1 : 0

function print(title: string, results: readonly Result[], seconds: number): void {
  console.log(`${title} (${seconds.toFixed(0)} s)`)
  for (const result of results) {
    const [what = '', value = '', bar = '', verdict = '', ours = '', against = ''] =
      columnsOf(result)
    const figures = against === '' ? ours : `${ours}, ${against}`
    console.log(
      `  ${what.padEnd(44)} ${value.padStart(9)} ${bar.padStart(9)} ${verdict.padEnd(7)} ${figures}`,
    )
  }
}
