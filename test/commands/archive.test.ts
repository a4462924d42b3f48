import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { now } from '../../src/event/time.js'
import { micros } from '../../src/ids.js'
import { holdLog } from '../../src/log/holder.js'
import { openLog } from '../../src/log/open-log.js'
import { alice, created, disk, event, folder } from '../controls.js'
import { mixmatch } from './run-command.js'

const HOUR = 3600e6

/** A log of three events: three, two and no hours old. */
function recorded(path: string): void {
  using log = openLog(join(path, 'events.db'))
  for (const age of [3, 2, 0]) {
    log.append([age === 3 ? created(disk, alice) : event()], micros(now() - age * HOUR))
  }
}

const ago = (hours: number) => new Date((now() - hours * HOUR) / 1000).toISOString()
const LOG = ['--log', 'events.db']

test('log archive moves events before a time, and every command still reads all events', async t => {
  const path = folder(t)
  recorded(path)
  const archived = await mixmatch(path, 'log', 'archive', '--before', ago(1.5), ...LOG)
  t.is(archived.code, 0, archived.err)
  t.true(readdirSync(path).includes('events-000000001-000000002.db'))

  t.like(JSON.parse((await mixmatch(path, 'log', 'info', '--format', 'json', ...LOG)).out), {
    events: 3,
  })
  const lines = async (...args: string[]) =>
    (await mixmatch(path, ...args)).out.trimEnd().split('\n').length
  t.is(await lines('log', 'export', ...LOG), 3)
  t.is(await lines('log', 'export', '--log', '.'), 3)
  t.is(await lines('log', 'tail', '--format', 'json', ...LOG), 3)
  t.is((await mixmatch(path, 'audit', 'verify', ...LOG)).code, 0)
  t.regex((await mixmatch(path, 'locate', disk.id, ...LOG)).out, new RegExp(alice))
  t.is((await mixmatch(path, 'log', 'show', '1', ...LOG)).code, 0)
})

test('log archive rejects events of the last hour, and a log that a recorder holds', async t => {
  const path = folder(t)
  recorded(path)
  const archive = (before: string) => mixmatch(path, 'log', 'archive', '--before', before, ...LOG)
  t.is((await archive(ago(0.5))).code, 2)
  t.is((await archive('2')).code, 2)
  using _recorder = holdLog(join(path, 'events.db'), 'record')
  const held = await archive(ago(1.5))
  t.is(held.code, 1)
  t.regex(held.err, /is held by "mixmatch record"/)
})

test('log backup writes a file that can be audited alone, and overwrites none', async t => {
  const path = folder(t)
  recorded(path)
  using _recorder = holdLog(join(path, 'events.db'), 'record')
  const backup = () => mixmatch(path, 'log', 'backup', 'copy.db', ...LOG)
  t.is((await backup()).code, 0)
  t.is((await mixmatch(path, 'audit', 'verify', '--log', 'copy.db')).code, 0)
  t.is((await backup()).code, 2)
  t.false(readdirSync(path).some(name => name.startsWith('copy.db-') || name.endsWith('.partial')))
})

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** The calls `fsync` and `rename` of a command, which runs in a process of its own. */
function filesystemCalls(path: string, ...args: string[]): string[] {
  const trace = join(path, 'trace.json')
  const tracing = ['--trace-event-categories=node.fs.sync', `--trace-event-file-pattern=${trace}`]
  const node = ['--import=tsx', ...tracing, main]
  const { status, stderr } = spawnSync(process.execPath, [...node, ...args], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  const { traceEvents }: { traceEvents: { name: string; ph: string }[] } = JSON.parse(
    readFileSync(trace, 'utf8'),
  )
  return traceEvents
    .filter(({ name, ph }) => ph === 'B' && /^fs\.sync\.(fsync|rename)$/.test(name))
    .map(({ name }) => name.slice('fs.sync.'.length))
}

test('log archive and log backup sync a file before they rename it, and then its folder', t => {
  const path = folder(t)
  recorded(path)
  const log = ['--log', join(path, 'events.db')]
  const inPlace = ['fsync', 'rename', 'fsync']
  t.deepEqual(filesystemCalls(path, 'log', 'backup', join(path, 'copy.db'), ...log), inPlace)
  const archive = filesystemCalls(path, 'log', 'archive', '--before', ago(1.5), ...log)
  t.deepEqual(archive, [...inPlace, ...inPlace])
})
