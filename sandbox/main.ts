import { Command, Option } from 'commander'
import { MixmatchError } from '../errors.js'
import { listenToSignals } from '../process/signals.js'
import { type BusKind, busKinds } from '../sandbox/buses.js'
import { runDemo, StepFailed } from '../sandbox/demo.js'
import { introduce, invite } from '../sandbox/invitation.js'
import { type Sandbox, startSandbox } from '../sandbox/sandbox.js'
import { createStage, type Stage } from '../sandbox/stage.js'
import type { Context } from './context.js'

interface SandboxFlags {
  readonly demo?: boolean
  readonly keep?: boolean
  readonly bus: BusKind
}

export function sandboxCommand(context: Context): Command {
  return new Command('sandbox')
    .description('Three miniature clouds and the real proxy in front of them, to try things with.')
    .option('--demo', 'walk through what Mixmatch does, and end; exits 1 if a step does not hold')
    .addOption(
      new Option('--bus <kind>', 'what carries notifications; auto is RabbitMQ where installed')
        .choices(busKinds)
        .default('auto'),
    )
    .option('--keep', 'leave configuration, event log and logs behind')
    .addHelpText('after', '\nExample: mixmatch sandbox --demo --bus file')
    .action(async ({ demo = false, keep = false, bus }: SandboxFlags) => {
      const stage = createStage(context.stdout, context.env)
      const asked = listenToSignals().stop.then(() => 'interrupted' as const)
      const sandbox = await start(context, { keep, bus })
      if (!sandbox) return
      try {
        if (demo) await show(sandbox, stage, asked)
        else {
          invite(stage, { sandbox, mainScript: context.mainScript })
          await asked
        }
      } catch (error) {
        if (!(error instanceof StepFailed)) throw error
        context.stderr.write(`\nmixmatch sandbox: this step did not hold: ${error.message}\n`)
        context.setExitCode(1)
      } finally {
        context.stderr.write('\nStopping.\n')
        await sandbox.close()
        if (keep) context.stderr.write(`All of it is in ${sandbox.directory}.\n`)
      }
    })
}

async function show(sandbox: Sandbox, stage: Stage, asked: Promise<string>): Promise<void> {
  introduce(stage, { sandbox })
  const outcome = await Promise.race([runDemo(sandbox, stage), asked])
  if (outcome === 'interrupted') throw new StepFailed('the walk-through', outcome)
  stage.say('\nEvery step held.')
}

/** @returns null where it did not come up, which has been said then */
async function start(
  { env, mainScript, stderr, setExitCode }: Context,
  { keep, bus }: { keep: boolean; bus: BusKind },
): Promise<Sandbox | null> {
  try {
    return await startSandbox({
      bus,
      mainScript,
      env,
      keep,
      progress: words => stderr.write(`Starting ${words} …\n`),
      report: error => stderr.write(`A miniature cloud broke: ${String(error)}\n`),
    })
  } catch (error) {
    if (error instanceof MixmatchError) throw error
    stderr.write(`mixmatch sandbox: ${error instanceof Error ? error.message : String(error)}\n`)
    setExitCode(1)
    return null
  }
}
