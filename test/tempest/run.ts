import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { lab, labCommand } from '../lab/clients.js'
import { createMixmatch, url } from '../lab/mixmatch.js'
import { type Comparison, compare, testsThat } from './comparison.js'
import { explainedIn } from './explained.js'
import { parseVerdicts, type Verdicts } from './verdicts.js'

/**
 * `npm run test:tempest [-- REGEX]`: Tempest's image and volume API tests, or those of the
 * expression: first at default itself, then twice through the built proxy. What passes without the
 * proxy must pass with it, and nothing may fail but what `docs/tempest.md` explains.
 */

const tests = process.argv[2] ?? '^tempest\\.api\\.(image|volume)'
const guide = await readFile(new URL('../../docs/tempest.md', import.meta.url), 'utf8')

/** Each has a section in the guide, with the tests that do not pass. */
interface Way {
  readonly title: string
  readonly explained: ReadonlySet<string>
}

/** A way that was gone, and the tests that should have passed on it. */
interface Run extends Way {
  readonly expected: readonly string[]
  readonly verdicts: Verdicts
}

const way = (title: string): Way => ({ title, explained: explainedIn(guide, title) })
const without = way('Without the proxy')
const through = [
  { ...way('Through the proxy'), settings: {} },
  {
    ...way('Over both clouds'),
    settings: { OS_DEFAULT__AGGREGATION: 'true', OS_DEFAULT__SEARCH_BY_BROADCAST: 'true' },
  },
]

for (const step of [['up'], ['tempest', 'init']])
  if ((await shown(...step)) !== 0) throw new Error(`lab ${step.join(' ')} failed`)
await lab('endpoints', 'direct')

const direct = await run(without)
const expected = testsThat(direct, 'PASS')
const runs = [{ ...without, expected: testsThat(direct, 'PASS', 'FAIL'), verdicts: direct }]
for (const { settings, ...each } of through)
  runs.push({ ...each, expected, verdicts: await throughProxy(settings, () => run(each)) })

const comparisons = runs.map(report)
const count = (part: keyof Comparison) =>
  comparisons.reduce((sum, comparison) => sum + comparison[part].length, 0)
const failures = count('unexplained') + count('wrong')
// As AVA's TAP sums it up.
console.log(`\n# pass ${count('passed')}\n# fail ${failures}`)
process.exitCode = expected.length > 0 && failures === 0 ? 0 : 1

/** @throws where the log or its view does not hold afterwards, too */
async function throughProxy<T>(
  settings: Readonly<Record<string, string>>,
  act: () => Promise<T>,
): Promise<T> {
  const mixmatch = await createMixmatch(settings)
  try {
    const running = await mixmatch.start('serve')
    await lab('endpoints', 'proxy', url)
    const done = await act()
    await running.stop()
    await mixmatch.run('log', 'verify')
    await mixmatch.run('views', 'check')
    return done
  } finally {
    await lab('endpoints', 'direct')
    await mixmatch.close()
  }
}

async function run({ title }: Way): Promise<Verdicts> {
  console.log(`\n== ${title}: ${tests}`)
  await shown('tempest', 'run', tests) // 1 where any test failed: the results tell which
  return parseVerdicts(await lab('tempest', 'results'))
}

/** A command of the lab's that takes its time and tells what it does: its exit code. */
async function shown(...args: readonly string[]): Promise<unknown> {
  const [code] = await once(spawn('bash', [labCommand, ...args], { stdio: 'inherit' }), 'exit')
  return code
}

function report({ title, explained, expected, verdicts }: Run): Comparison {
  const comparison = compare(expected, verdicts, explained)
  const { passed, unexplained, wrong } = comparison
  const known = comparison.explained.length
  const skipped = testsThat(verdicts, 'SKIP').length
  console.log(
    `\n${title}: ${passed.length} passed, ${unexplained.length + wrong.length} not as they should, ` +
      `${known} not as explained, ${skipped} skipped`,
  )
  for (const { test, outcome, reason } of comparison.explained)
    console.log(`  explained    ${outcome} ${test} ${reason}`)
  for (const { test, outcome, reason } of unexplained)
    console.log(`  unexplained  ${outcome} ${test} ${reason}`)
  for (const test of wrong)
    console.log(`  PASSED, though docs/tempest.md says that it does not: ${test}`)
  return comparison
}
