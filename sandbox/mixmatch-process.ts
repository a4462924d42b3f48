import { execFile } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { hasEnded, startGroup } from './process-group.js'

/** How to start the real `mixmatch`. */
export interface MixmatchProgram {
  readonly mainScript: string
  readonly configFile: string
  /** Without `OS_<GROUP>__<OPTION>` variables, so that only the file configures it. */
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The output and exit code of a command. */
export interface Outcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

const HEALTH_POLL_MS = 100
const LAST_WORDS = 12
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

/** Run one command of the real `mixmatch` to its end. */
export async function runMixmatchCommand(
  program: MixmatchProgram,
  args: readonly string[],
): Promise<Outcome> {
  const options = { env: program.env, maxBuffer: MAX_OUTPUT_BYTES }
  try {
    const run = promisify(execFile)(process.execPath, argumentsOf(program, args), options)
    return { exitCode: 0, ...(await run) }
  } catch (error) {
    if (isOutcome(error)) return { ...error, exitCode: error.code }
    throw error
  }
}

/**
 * Start `mixmatch serve` and wait until it is healthy. Its output goes to the log file.
 *
 * @throws Error with the last lines of its output if it ends or is not healthy in time
 */
export async function startServe(
  program: MixmatchProgram,
  { url, logFile, patienceMs }: { url: string; logFile: string; patienceMs: number },
): Promise<{ close(): Promise<void> }> {
  const log = await open(logFile, 'a', 0o600)
  const group = startGroup(process.execPath, argumentsOf(program, ['serve']), {
    env: program.env,
    stdio: ['ignore', log.fd, log.fd, 'ipc'], // serve notices by the channel if the sandbox is killed
  })
  await log.close()
  const deadline = Date.now() + patienceMs
  while (!(await isHealthy(url))) {
    const ended = hasEnded(group.leader)
    if (!ended && Date.now() < deadline) {
      await setTimeout(HEALTH_POLL_MS)
      continue
    }
    await group.end()
    const words = (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-LAST_WORDS)
    const what = ended
      ? `ended with ${group.leader.exitCode ?? group.leader.signalCode}`
      : `was not healthy within ${patienceMs / 1000} s`
    throw new Error([`mixmatch serve ${what}. Its last words:`, ...words].join('\n'))
  }
  return { close: group.end }
}

function argumentsOf({ mainScript, configFile }: MixmatchProgram, args: readonly string[]) {
  return [mainScript, '--config-file', configFile, ...args]
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/healthcheck`)).ok
  } catch {
    return false
  }
}

function isOutcome(error: unknown): error is Outcome & { code: number } {
  return (
    error instanceof Error && 'stdout' in error && 'code' in error && Number.isInteger(error.code)
  )
}
