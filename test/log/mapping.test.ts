import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import Database from 'better-sqlite3'
import { importEvents } from '../../src/log/import.js'
import { eventsInMapping } from '../../src/log/mapping.js'
import { openLog } from '../../src/log/open-log.js'
import { mixmatch } from '../commands/run-command.js'
import { alice, at, bob, cornmeal, deleted, disk, folder, image } from '../controls.js'

type Row = readonly [type: string, id: string, sp: string, project: string | null]

/** A database like one of `mixmatch-manage db_sync`, with these rows. */
function mapped(t: ExecutionContext, ...rows: readonly Row[]): string {
  const file = join(folder(t), 'mixmatch.db')
  const db = new Database(file)
  db.exec(`create table resource_mapping (
    id integer not null primary key, resource_type varchar(60) not null,
    resource_id varchar(255) not null, resource_sp varchar(255) not null,
    project_id varchar(255))`)
  const insert = db.prepare(
    'insert into resource_mapping (resource_type, resource_id, resource_sp, project_id) values (?, ?, ?, ?)',
  )
  for (const row of rows) insert.run(row)
  db.close()
  utimesSync(file, new Date(at(10) / 1000), new Date(at(10) / 1000))
  return file
}

const bare = (id: string) => id.replaceAll('-', '')

test('resources in the database of a Python mixmatch are located after the import', async t => {
  const file = mapped(
    t,
    ['volumes', bare(disk.id), 'cornmeal', alice],
    ['images', bare(image.id), 'default', null],
  )
  const path = folder(t)
  const first = await mixmatch(path, 'log', 'import', '--mixmatch-db', file, '--log', 'events.db')
  t.is(first.code, 0, first.err)
  t.regex(first.err, /2 recorded as new, 0 were there/)

  const { out } = await mixmatch(path, 'locate', disk.id, '--log', 'events.db', '--format', 'json')
  t.like(JSON.parse(out), {
    service_provider: 'cornmeal',
    resource: { type: 'volume', id: disk.id },
    project: alice,
  })
  t.is((await mixmatch(path, 'views', 'check', '--log', 'events.db')).code, 0)
  const again = await mixmatch(path, 'log', 'import', '--mixmatch-db', file, '--log', 'events.db')
  t.regex(again.err, /0 recorded as new, 2 were there/)
})

test('the sp_name in a row is mapped to the cloud that has it in the configuration', async t => {
  const file = mapped(
    t,
    ['volumes', bare(disk.id), 'keystone-sp1', alice],
    ['images', bare(image.id), 'gone', alice],
  )
  const path = folder(t)
  writeFileSync(
    join(path, 'mixmatch.conf'),
    `[DEFAULT]
service_providers = default, cornmeal
[database]
connection = sqlite:///events.db
[sp_default]
image_endpoint = http://127.0.0.1:9292
volume_endpoint = http://127.0.0.1:8776
[sp_cornmeal]
sp_name = keystone-sp1
auth_url = http://127.0.0.2:5000/v3
`,
  )
  const run = await mixmatch(path, 'log', 'import', '--mixmatch-db', file)
  t.is(run.code, 0, run.err)
  const located = await mixmatch(path, 'locate', disk.id, '--format', 'json')
  t.like(JSON.parse(located.out), { service_provider: 'cornmeal', project: alice })
  const other = await mixmatch(path, 'locate', image.id, '--format', 'json')
  t.like(
    JSON.parse(other.out),
    { service_provider: 'gone' },
    'a cloud that is no longer configured',
  )
})

test('two rows about one resource become one event, from the first row', async t => {
  const file = mapped(
    t,
    ['volumes', bare(disk.id), 'cornmeal', alice],
    ['volumes', bare(disk.id), 'cornmeal', bob],
  )
  using log = openLog(join(folder(t), 'events.db'))
  t.like(await importEvents(log, eventsInMapping(file)), { appended: 1, duplicates: 1 })
  t.is([...log.read()][0]?.project, alice)
})

test('an imported mapping does not restore a deleted resource', async t => {
  const file = mapped(t, ['volumes', bare(disk.id), 'cornmeal', alice])
  const path = folder(t)
  {
    using log = openLog(join(path, 'events.db'))
    log.append([deleted(disk, { serviceProvider: cornmeal, emittedAt: at(5) })], at(6))
  }
  await mixmatch(path, 'log', 'import', '--mixmatch-db', file, '--log', 'events.db')
  t.is((await mixmatch(path, 'locate', disk.id, '--log', 'events.db')).code, 1)
})

test('the error for a row that mixmatch would not write names the row and the problem', async t => {
  for (const [row, wrong] of [
    [['networks', disk.id, 'cornmeal', alice], /networks.*resource_type/],
    [['volumes', 'disk', 'cornmeal', alice], /resource_id: expected a UUID/],
    [['volumes', disk.id, '', alice], /resource_sp/],
  ] as const) {
    const file = mapped(t, row)
    const run = await mixmatch(folder(t), 'log', 'import', '--mixmatch-db', file, '--log', 'e.db')
    t.is(run.code, 1)
    t.regex(run.err, wrong)
  }
})

test('import refuses a file that is no mixmatch database, and requires exactly one source', async t => {
  const path = folder(t)
  openLog(join(path, 'other.db'))[Symbol.dispose]()
  const other = await mixmatch(path, 'log', 'import', '--mixmatch-db', 'other.db', '--log', 'e.db')
  t.is(other.code, 1)
  t.regex(other.err, /other\.db: expected a SQLite file with the table resource_mapping/)

  t.is((await mixmatch(path, 'log', 'import', '--log', 'e.db')).code, 2)
  const both = await mixmatch(path, 'log', 'import', 'x', '--mixmatch-db', 'y', '--log', 'e.db')
  t.is(both.code, 2)
  t.regex(both.err, /either a file of JSON lines or --mixmatch-db/)
})
