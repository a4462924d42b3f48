import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { hosts, labCommand } from './clients.js'

/** An independent consumer of every bus, with its own queues and without any code of Mixmatch. */
export interface Witness {
  /** Its messages, when no more arrive: `sp1 <message id>`, each as often as it was received. */
  messages(): Promise<readonly string[]>
  stop(): Promise<void>
}

const QUIET_MS = 5000

/** Run `lab record` into `directory`. Resolves when it consumes from every bus. */
export async function startWitness(directory: string): Promise<Witness> {
  const clouds = Object.keys(hosts)
  const recorder = spawn('bash', [labCommand, 'record', directory])
  const gone = once(recorder, 'exit')
  let said = ''
  await new Promise<void>((resolve, reject) => {
    for (const stream of [recorder.stdout, recorder.stderr])
      stream.on('data', (bytes: Buffer) => {
        said += bytes
        if (clouds.every(cloud => said.includes(`recording ${cloud}`))) resolve()
      })
    recorder.once('exit', () => reject(new Error(`lab record ended: ${said}`)))
  })

  async function heard(): Promise<readonly string[]> {
    if (recorder.exitCode !== null) throw new Error(`lab record ended: ${said}`)
    const files = await Promise.all(
      clouds.map(cloud => readFile(join(directory, `${cloud}.ndjson`), 'utf8')),
    )
    return files.flatMap(lines => lines.split('\n').slice(0, -1)).map(messageOf)
  }

  return {
    async messages() {
      for (let before = -1; ; await wait(QUIET_MS)) {
        const now = await heard()
        if (now.length === before) return now
        before = now.length
      }
    },
    async stop() {
      recorder.kill('SIGTERM')
      await gone
    },
  }
}

function messageOf(line: string): string {
  const { cloud, body } = JSON.parse(line)
  return `${cloud} ${JSON.parse(JSON.parse(body)['oslo.message'])['message_id']}`
}
