import { globSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Stryker } from '@stryker-mutator/core'
import { chance } from '../sample/chance.ts'

// Changes the code, one place at a time, and says which changes no test noticed.
//
//     npm run test:mutation                             (one file of each folder, chosen by a seed)
//     npm run test:mutation -- --seed 4711 --files 3    (three of each, the same each time)
//     npm run test:mutation -- --long                   (all files)
//     npm run test:mutation -- src/log/chain.ts:20-30   (these lines)

/** For the changed copy of the code, and the report. */
const WORK = process.env['MIXMATCH_MUTATION_FOLDER'] ?? '.stryker-tmp'
const FOLDERS = ['src/routing', 'src/log', 'src/projection', 'src/notification']
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    long: { type: 'boolean', default: false },
    seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
    files: { type: 'string', default: '1' },
  },
})

function choose(folder, dice) {
  const files = globSync(`${folder}/**/*.ts`).sort()
  if (values.long) return files
  return files
    .map(file => ({ file, order: dice.next() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, Number(values.files))
    .map(({ file }) => file)
}

const dice = chance(Number(values.seed))
const mutate =
  positionals.length > 0 ? positionals : FOLDERS.flatMap(folder => choose(folder, dice))
process.stdout.write(`seed ${values.seed}: ${mutate.join(' ')}\n`)

const results = await new Stryker({
  mutate,
  plugins: [new URL('runner.js', import.meta.url).href],
  testRunner: 'mixmatch',
  testRunnerNodeArgs: ['--import=tsx'],
  coverageAnalysis: 'perTest',
  concurrency: 2,
  // A change that only a timeout shows counts as noticed: a busy machine must not be the reason.
  timeoutMS: 60_000,
  // What a mutant leaves in a process, such as an open database, adds up.
  maxTestRunnerReuse: 300,
  tempDirName: WORK,
  // Stryker would change this file, with an older compiler than ours.
  tsconfigFile: 'none',
  ignorePatterns: ['/*', ...['src', 'test', 'sandbox', 'etc', '*.json'].map(kept => `!/${kept}`)],
  reporters: ['survivors', 'json'],
  jsonReporter: { fileName: `${WORK}/report.json` },
}).runMutationTest()

for (const folder of FOLDERS) {
  const of = status =>
    results.filter(mutant => mutant.status === status && mutant.fileName.includes(`${folder}/`))
      .length
  process.stdout.write(
    `${folder}: ${of('Killed')} killed, ${of('Timeout')} timed out, ${of('Survived')} survived, ` +
      `${of('NoCoverage')} not reached by a test\n`,
  )
}
