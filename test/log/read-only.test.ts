import { fork } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { openLog } from '../../src/log/open-log.js'
import { openViews } from '../../src/projection/open-views.js'
import { viewsFileOf } from '../../src/projection/views-file.js'
import type { Run } from '../commands/run-command.js'
import { alice, at, created, deleted, disk, folder, image } from '../controls.js'

/** Run commands as a user who may read the folder but not write to it. */
async function readOnly(
  t: ExecutionContext,
  path: string,
  commands: readonly (readonly string[])[],
): Promise<Run[]> {
  for (const name of readdirSync(path)) chmodSync(join(path, name), 0o444)
  chmodSync(path, 0o555)
  t.teardown(() => chmodSync(path, 0o755))
  const script = fileURLToPath(new URL('read-only-child.ts', import.meta.url))
  const child = fork(script, { execArgv: ['--import=tsx'] })
  child.send({ folder: path, commands })
  const [runs] = await once(child, 'message')
  return runs
}

/** Names and bytes of all files, to check that nothing was added or changed. */
function contentsOf(path: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(path).map(name => [name, readFileSync(join(path, name)).toString('base64')]),
  )
}

test('every reading command works in a read-only folder and leaves no files there', async t => {
  t.timeout(120_000)
  const path = folder(t)
  const file = join(path, 'events.db')
  {
    using log = openLog(file)
    log.append([created(disk, alice), created(image, alice), deleted(image)], at(9))
    const { views } = openViews(viewsFileOf(file), [file])
    views[Symbol.dispose]()
  }
  const before = contentsOf(path)
  const log = ['--log', 'events.db']
  const commands = [
    ['log', 'info', ...log],
    ['log', 'verify', ...log],
    ['log', 'show', '1', ...log],
    ['log', 'tail', ...log],
    ['log', 'export', ...log],
    ['locate', disk.id, ...log],
    ['locate', disk.id, '--history', ...log],
    ['locate', disk.id, '--at', '1', ...log],
    ['explain', 'GET', `/volume/v3/p/volumes/${disk.id}`, ...log],
    ['replay', ...log],
    ['replay', '--diff', '1', '3', ...log],
    ['views', 'check', ...log],
    ['audit', 'summary', ...log],
    ['audit', 'placement', ...log],
  ]
  const runs = await readOnly(t, path, commands)
  t.deepEqual(
    runs.map(({ code, err }, index) => [commands[index]?.slice(0, 2).join(' '), code, code && err]),
    commands.map(command => [command.slice(0, 2).join(' '), 0, 0]),
  )
  t.regex(runs[5]?.out ?? '', /cornmeal/)
  t.deepEqual(contentsOf(path), before)
})

test('every writing command names the file that it cannot write in a read-only folder', async t => {
  t.timeout(120_000)
  const path = folder(t)
  openLog(join(path, 'events.db'))[Symbol.dispose]()
  const recorded = fileURLToPath(new URL('../fixtures/notifications/sp1.ndjson', import.meta.url))
  const [present, absent] = await readOnly(t, path, [
    ['log', 'import', recorded, '--log', 'events.db'],
    ['log', 'import', recorded, '--log', 'new/events.db'],
  ])
  t.like(present, { code: 1, out: '' })
  t.regex(present?.err ?? '', /^mixmatch: .*\/events\.db.*: cannot be written \(.*\)\. Expected/)
  t.like(absent, { code: 1, out: '' })
  t.regex(absent?.err ?? '', /^mixmatch: .*\/new\/events\.db: cannot be written/)
})

test('other users cannot read a log, its views and the files next to them', async t => {
  const path = folder(t)
  const file = join(path, 'events.db')
  using log = openLog(file)
  log.append([created(disk, alice)], at(9))
  const { views } = openViews(viewsFileOf(file), [file])
  using _views = views
  log.append([deleted(disk)], at(10))
  views.catchUp()
  const names = readdirSync(path).sort()
  t.deepEqual(names, [
    'events.db',
    'events.db-shm',
    'events.db-wal',
    'events.views.db',
    'events.views.db-shm',
    'events.views.db-wal',
  ])
  for (const name of names) t.is(statSync(join(path, name)).mode & 0o777, 0o640, name)
})

test('the umask does not change who may read a log', t => {
  for (const umask of [0o000, 0o077]) {
    const file = join(folder(t), 'events.db')
    const before = process.umask(umask)
    openLog(file)[Symbol.dispose]()
    process.umask(before)
    t.is(statSync(file).mode & 0o777, 0o640)
  }
})

test('opening a log for writing removes the read permission of other users', t => {
  const file = join(folder(t), 'events.db')
  openLog(file)[Symbol.dispose]()
  chmodSync(file, 0o664)
  openLog(file)[Symbol.dispose]()
  t.is(statSync(file).mode & 0o777, 0o660)
})
