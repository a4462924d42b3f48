import { Writable } from 'node:stream'
import { runMixmatch } from '../../src/commands/program.js'

/** The output of a command and its exit code. */
export interface Run {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Run `mixmatch` with these arguments in this folder, without starting a process. */
export async function mixmatch(cwd: string, ...args: string[]): Promise<Run> {
  const out = collector()
  const err = collector()
  const processContext = {
    env: {},
    cwd,
    mainScript: 'mixmatch',
    stdout: out.stream,
    stderr: err.stream,
  }
  const code = await runMixmatch(args, processContext)
  return { code, out: out.text(), err: err.text() }
}

function collector() {
  const chunks: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk))
      done()
    },
  })
  return { stream, text: () => chunks.join('') }
}
