import { chance } from '../sample/chance.js'
import { startCoverage } from './block-coverage.js'
import { readCorpus, writeCorpus } from './corpus.js'
import { mutate } from './mutate.js'
import { type FuzzTarget, findFault, fuzzTargets } from './targets.js'

// Coverage-guided fuzzing: inputs that run new code are changed further. Ends with 1 at a finding.
//
//     npm run test:fuzz [TARGET…]
//     MIXMATCH_FUZZ_SECONDS=300 npm run test:fuzz notification
//     MIXMATCH_FUZZ_SAVE=yes npm run test:fuzz      (keeps the inputs that reached new code)

const SECONDS = Number(process.env['MIXMATCH_FUZZ_SECONDS'] ?? 8)
const SEED = Number(process.env['MIXMATCH_FUZZ_SEED'] ?? Date.now() % 1_000_000)
const SAVES = process.env['MIXMATCH_FUZZ_SAVE'] === 'yes'
/** Asking V8 takes milliseconds, so it is asked for many inputs at once, or for those of half a second. */
const BATCH = { inputs: 200, ms: 500 }

/** @returns the number of findings */
async function fuzz(target: FuzzTarget): Promise<number> {
  await using coverage = await startCoverage()
  const dice = chance(SEED)
  const kept: Buffer[] = []
  const findings = new Map<string, Buffer>()
  let tries = 0

  function run(bytes: Buffer): void {
    tries += 1
    const fault = findFault(target, bytes)
    // One finding of a kind is enough.
    if (fault !== null) findings.set(fault.slice(0, 60), bytes)
  }
  for (const bytes of [...target.seeds, ...readCorpus(target.name)]) {
    run(bytes)
    if ((await coverage.takeNewBlocks()).size > 0) kept.push(bytes)
  }
  const deadline = performance.now() + SECONDS * 1000
  while (performance.now() < deadline) {
    const batchEnd = performance.now() + BATCH.ms
    const batch: Buffer[] = []
    while (batch.length < BATCH.inputs && performance.now() < batchEnd) {
      const bytes = mutate([target.seeds[0], ...target.seeds, ...kept], dice)
      batch.push(bytes)
      run(bytes)
    }
    const reached = await coverage.takeNewBlocks()
    if (reached.size > 0) kept.push(...(await whichReach(reached, batch)))
  }

  /** The inputs that run blocks of this set: each block needs one input. */
  async function whichReach(blocks: Set<string>, batch: readonly Buffer[]): Promise<Buffer[]> {
    const found: Buffer[] = []
    for (const bytes of batch) {
      findFault(target, bytes)
      const ran = await coverage.takeBlocks()
      const isNew = ran.some(block => blocks.delete(block))
      if (isNew) found.push(bytes)
      if (blocks.size === 0) break
    }
    return found
  }

  if (SAVES) writeCorpus(target.name, kept)
  process.stdout.write(
    `${target.name.padEnd(14)} ${String(tries).padStart(8)} inputs, ${kept.length} kept, ${findings.size} findings\n`,
  )
  for (const [fault, bytes] of findings) {
    process.stdout.write(`  ${fault}\n  ${bytes.toString('base64')}\n`)
  }
  return findings.size
}

process.stdout.write(`MIXMATCH_FUZZ_SEED=${SEED}\n`)
const wanted = process.argv.slice(2)
let findings = 0
for (const target of fuzzTargets) {
  if (wanted.length === 0 || wanted.includes(target.name)) findings += await fuzz(target)
}
process.exitCode = findings > 0 ? 1 : 0
