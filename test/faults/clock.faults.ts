import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { startProxyMachine } from './proxy-machine.js'
import { createVolumes, wronglyRecorded } from './recorded-volumes.js'

const HOUR_MS = 3600e3
/** Not more than a token lives, as a clock that is wrong by more rejects all tokens. */
const JUMPS = { 'half an hour forward': 0.5, 'a day back': -24, 'to the right time': 0 }
const preload = fileURLToPath(new URL('shifted-clock.mjs', import.meta.url))

test('a clock that jumps while the machine runs loses and doubles no event', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'mixmatch-clock-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'shift')
  const jump = (hours: number) => writeFileSync(file, String(hours * HOUR_MS))
  jump(0)
  const env = { NODE_OPTIONS: `--import=${preload}`, SHIFTED_CLOCK: file }
  const machine = await startProxyMachine(t, { clouds: ['default', 'sp1'], env })
  await machine.node.start()
  await machine.node.untilReady()
  const volumes = [...(await createVolumes(machine))]
  for (const [name, hours] of Object.entries(JUMPS)) {
    jump(hours)
    volumes.push(...(await createVolumes(machine)))
    t.deepEqual(await wronglyRecorded(machine, volumes), [], name)
    await machine.node.untilReady()
  }
  const { stdout } = await machine.node.command('log', 'export')
  const times = stdout
    .trim()
    .split('\n')
    .map(line => Date.parse(JSON.parse(line).recorded_at))
  t.deepEqual(
    times,
    times.toSorted((one, other) => one - other),
    'the times in the log never go back',
  )
  t.true(Math.max(...times) > Date.now() + HOUR_MS / 4, 'the clock has jumped')
})
