import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command, CommanderError, Option } from 'commander'
import { MixmatchError } from '../src/errors.js'
import { listenToSignals } from '../src/process/signals.js'
import { type BusKind, busKinds } from './bus/buses.js'
import { runDemo, StepFailed } from './demo/demo.js'
import { printInstructions, printOverview } from './demo/instructions.js'
import { createTerminal, type Terminal } from './demo/terminal.js'
import { type Sandbox, startSandbox } from './sandbox.js'
import { startTraffic } from './traffic.js'

interface SandboxFlags {
  readonly demo?: boolean
  readonly keep?: boolean
  readonly bus: BusKind
  readonly traffic: boolean
}

const built = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const { stdout, stderr, env } = process
/** The pause between two requests of a user. */
const TRAFFIC_EVERY_MS = 3_000

const command = new Command('npm run sandbox --')
  .description('Three miniature clouds and the real proxy in front of them, to try things with.')
  .option('--demo', 'walk through what Mixmatch does, and end; exits 1 if a step does not hold')
  .addOption(
    new Option('--bus <kind>', 'what carries notifications; auto is RabbitMQ where installed')
      .choices(busKinds)
      .default('auto'),
  )
  .option('--no-traffic', 'without the users who create and delete things by themselves')
  .option('--keep', 'leave configuration, event log and logs behind')
  .addHelpText('after', '\nExample: npm run sandbox -- --demo --bus file')
  .exitOverride()
  .action(runSandbox)

try {
  await command.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
  else if (error instanceof MixmatchError) fail(error.message)
  else throw error
}

async function runSandbox({
  demo = false,
  keep = false,
  bus,
  traffic,
}: SandboxFlags): Promise<void> {
  const terminal = createTerminal(stdout, env)
  const stopped = listenToSignals().stop.then(() => 'interrupted' as const)
  const sandbox = await start({ keep, bus })
  if (!sandbox) return
  try {
    if (demo) await showDemo(sandbox, terminal, stopped)
    else {
      printInstructions(terminal, { sandbox, mainScript: built })
      const users = traffic ? startUsers(sandbox) : null
      await stopped
      await users?.close()
    }
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error
    fail(`this step did not hold: ${error.message}`)
  } finally {
    stderr.write('\nStopping.\n')
    await sandbox.close()
    if (keep) stderr.write(`All of it is in ${sandbox.directory}.\n`)
  }
}

/** Create and delete resources all the time, so that the console has something to show. */
function startUsers({ federation, proxyUrl }: Sandbox) {
  return startTraffic({
    federation,
    proxyUrl,
    everyMs: TRAFFIC_EVERY_MS,
    report: error => stderr.write(`A user met an error: ${String(error)}\n`),
  })
}

async function showDemo(
  sandbox: Sandbox,
  terminal: Terminal,
  stopped: Promise<string>,
): Promise<void> {
  printOverview(terminal, { sandbox })
  const outcome = await Promise.race([runDemo(sandbox, terminal), stopped])
  if (outcome === 'interrupted') throw new StepFailed('the walk-through', outcome)
  terminal.say('\nEvery step held.')
}

/** @returns null if the sandbox did not start; the reason was printed then */
async function start(options: { keep: boolean; bus: BusKind }): Promise<Sandbox | null> {
  if (!existsSync(built)) {
    fail('dist/main.js is missing: run npm run build first')
    return null
  }
  try {
    return await startSandbox({
      ...options,
      mainScript: built,
      env,
      progress: words => stderr.write(`Starting ${words} …\n`),
      report: error => stderr.write(`A miniature cloud broke: ${String(error)}\n`),
    })
  } catch (error) {
    if (error instanceof MixmatchError) throw error
    fail(error instanceof Error ? error.message : String(error))
    return null
  }
}

function fail(message: string): void {
  stderr.write(`\nsandbox: ${message}\n`)
  process.exitCode = 1
}
