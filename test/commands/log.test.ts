import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import Database from 'better-sqlite3'
import type { Event } from '../../src/event/event.js'
import { position } from '../../src/ids.js'
import { archiveLog } from '../../src/log/archive.js'
import { holdLog } from '../../src/log/holder.js'
import { openLog } from '../../src/log/open-log.js'
import { openViews } from '../../src/projection/open-views.js'
import {
  alice,
  at,
  cornmeal,
  created,
  deleted,
  disk,
  event,
  folder,
  idp,
  image,
} from '../controls.js'
import { mixmatch } from './run-command.js'

/** Write a log of four events and its views to a folder, as a recorder does. */
async function recorded(path: string) {
  using log = openLog(join(path, 'events.db'))
  log.append(
    [
      created(disk, alice),
      event(),
      created(image, alice, { serviceProvider: idp }),
      deleted(image, { serviceProvider: idp }),
    ],
    at(60),
  )
  const { views } = openViews(join(path, 'events.views.db'), [log.file])
  views[Symbol.dispose]()
  return log.head()
}

const LOG = ['--log', 'events.db']
const notifications = fileURLToPath(
  new URL('../fixtures/notifications/sp1.ndjson', import.meta.url),
)

test('log info prints size, head and the events of each cloud', async t => {
  const path = folder(t)
  const head = await recorded(path)
  const { code, out } = await mixmatch(path, 'log', 'info', ...LOG, '--format', 'json')
  t.is(code, 0)
  t.like(JSON.parse(out), { schema: 1, events: 4, head: head.hash })
  t.deepEqual(
    JSON.parse(out).service_providers.map((row: Record<string, unknown>) => [
      row['service_provider'],
      row['events'],
    ]),
    [
      [cornmeal, 2],
      [idp, 2],
    ],
  )
  t.regex((await mixmatch(path, 'log', 'info', ...LOG)).out, /cornmeal +2 +0/)
})

test('log tail prints the newest events, oldest first', async t => {
  const path = folder(t)
  await recorded(path)
  const { code, out } = await mixmatch(path, 'log', 'tail', ...LOG, '-n', '2', '--format', 'json')
  t.is(code, 0)
  t.deepEqual(
    out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line).position),
    [3, 4],
  )
})

test('log show prints one event with its message, and rejects other positions', async t => {
  const path = folder(t)
  await recorded(path)
  const { code, out } = await mixmatch(path, 'log', 'show', '1', ...LOG)
  t.is(code, 0)
  t.regex(out, new RegExp(`resource +volume ${disk.id}\n`))
  t.regex(out, /"event_type": "volume.attach.end"/)
  const none = await mixmatch(path, 'log', 'show', '9', ...LOG)
  t.is(none.code, 2)
  t.regex(none.err, /no event at position 9\. The log holds 1 to 4\./)
})

test('log show prints long numbers with all their digits', async t => {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  log.append([event({ body: '{"size":1152921504606846977}' })], at(60))
  const { out } = await mixmatch(path, 'log', 'show', '1', ...LOG)
  t.true(out.endsWith('{\n  "size": 1152921504606846977\n}\n'), out)
})

test('log verify exits with 0 for an unchanged log, and with 1 and the position for a changed one', async t => {
  const path = folder(t)
  const head = await recorded(path)
  const noted = (await mixmatch(path, 'log', 'head', ...LOG)).out
  t.is(noted, `4 ${head.hash}\n`)
  t.is((await mixmatch(path, 'log', 'verify', ...LOG, '--head', head.hash)).code, 0)

  const db = new Database(join(path, 'events.db'))
  db.exec('drop trigger events_no_update; update events set kind = 4 where position = 2')
  db.close()
  const { code, out, err } = await mixmatch(path, 'log', 'verify', ...LOG, '--format', 'json')
  t.is(code, 1)
  t.deepEqual(
    JSON.parse(out).breaches.map((breach: { position: number | null }) => breach.position),
    [null, 2],
  )
  t.regex(err, /does not hold/)
})

test('log verify --note notes the result beside the log, also of a log that does not hold', async t => {
  const path = folder(t)
  const head = await recorded(path)
  const noted = () => JSON.parse(readFileSync(join(path, 'events.verified.json'), 'utf8'))
  t.is((await mixmatch(path, 'log', 'verify', ...LOG, '--note')).code, 0)
  t.like(noted(), { events: 4, head: head.hash, breaches: 0 })

  const db = new Database(join(path, 'events.db'))
  db.exec('drop trigger events_no_update; update events set kind = 4 where position = 2')
  db.close()
  t.is((await mixmatch(path, 'log', 'verify', ...LOG, '--note')).code, 1)
  t.like(noted(), { breaches: 2 })
})

test('log compare exits with 0 if one log is the beginning of the other, otherwise with 1', async t => {
  const path = folder(t)
  const events = Array.from({ length: 9 }, () => event())
  const compare = async (others: readonly Event[]) => {
    const other = folder(t)
    for (const [folder, all] of [[path, events] as const, [other, others] as const]) {
      using log = openLog(join(folder, 'events.db'))
      log.append(all, at(60))
    }
    const args = ['events.db', join(other, 'events.db'), '--format', 'json']
    const { code, out, err } = await mixmatch(path, 'log', 'compare', ...args)
    return { code, err, facts: JSON.parse(out) }
  }
  const same = await compare(events.slice(0, 5))
  t.is(same.code, 0)
  t.like(same.facts, { same: true, agree_up_to: 5, log_head: 9, other_head: 5 })
  t.regex(same.err, /is the beginning of .*, up to event 5/)

  const different = await compare(events.with(6, event()))
  t.is(different.code, 1)
  t.like(different.facts, { same: false, agree_up_to: 6, first_difference: 7 })
  t.regex(different.facts.log_event, /^cornmeal volume\.attach\.end /)
  t.regex(different.err, /they differ from event 7 on/)
})

test('log compare exits with 1 if the logs differ in archived events whose files are missing', async t => {
  const path = folder(t)
  const events = [event(), event(), event()]
  for (const [name, all] of Object.entries({
    'one.db': events,
    'other.db': [event(), ...events],
  })) {
    using log = openLog(join(path, name))
    log.append(all, at(60))
    rmSync(archiveLog(log.file, position(2), () => {}).archive)
  }
  const { code, err } = await mixmatch(path, 'log', 'compare', 'one.db', 'other.db')
  t.is(code, 1)
  t.regex(err, /they differ at event 2, and perhaps earlier: name the files before it, too/)
})

test('log import of a log export gives a log with the same head', async t => {
  const path = folder(t)
  const head = await recorded(path)
  const { out } = await mixmatch(path, 'log', 'export', ...LOG)
  writeFileSync(join(path, 'events.ndjson'), out)
  const { code, err } = await mixmatch(
    path,
    'log',
    'import',
    'events.ndjson',
    '--log',
    'copy/events.db',
  )
  t.is(code, 0)
  t.regex(err, /4 events restored/)
  t.is((await mixmatch(path, 'log', 'head', '--log', 'copy/events.db')).out, `4 ${head.hash}\n`)
  t.is((await mixmatch(path, 'locate', disk.id, '--log', 'copy/events.db')).code, 0)
})

test('log import imports recorded notifications only once', async t => {
  const path = folder(t)
  const first = await mixmatch(path, 'log', 'import', notifications, ...LOG)
  t.regex(first.err, /171 recorded as new, 0 were there/)
  const second = await mixmatch(path, 'log', 'import', notifications, ...LOG)
  t.regex(second.err, /0 recorded as new, 171 were there/)
  t.is((await mixmatch(path, 'views', 'check', ...LOG)).code, 0)
})

test('log import rejects a missing file and an unreadable line', async t => {
  const path = folder(t)
  t.is((await mixmatch(path, 'log', 'import', 'absent.ndjson', ...LOG)).code, 2)
  writeFileSync(join(path, 'odd.ndjson'), '\n{"neither": "nor"}\n')
  const { code, err } = await mixmatch(path, 'log', 'import', 'odd.ndjson', ...LOG)
  t.is(code, 1)
  t.regex(err, /odd\.ndjson:2: expected/)
})

test('commands that append reject a held log, and name the holder', async t => {
  const path = folder(t)
  await recorded(path)
  using _held = holdLog(join(path, 'events.db'), 'record')
  for (const args of [
    ['log', 'import', notifications],
    ['views', 'rebuild'],
  ]) {
    const { code, err } = await mixmatch(path, ...args, ...LOG)
    t.is(code, 1)
    t.regex(err, new RegExp(`"mixmatch record", process ${process.pid} on `))
  }
})

test('views check exits with 1 and the different rows, and views rebuild repairs them', async t => {
  const path = folder(t)
  await recorded(path)
  t.is((await mixmatch(path, 'views', 'check', ...LOG)).code, 0)
  const db = new Database(join(path, 'events.views.db'))
  db.exec('delete from locations where deleted_at is null')
  db.close()
  const { code, out } = await mixmatch(path, 'views', 'check', ...LOG, '--format', 'json')
  t.is(code, 1)
  t.true(JSON.parse(out).differences.some((each: { in: string }) => each.in === 'log'))
  t.is((await mixmatch(path, 'views', 'rebuild', ...LOG)).code, 0)
  t.is((await mixmatch(path, 'views', 'check', ...LOG)).code, 0)
})

test('views check says that a restored log has no views yet', async t => {
  const path = folder(t)
  openLog(join(path, 'events.db'))[Symbol.dispose]()
  const { code, err } = await mixmatch(path, 'views', 'check', ...LOG)
  t.is(code, 2)
  t.regex(err, /views\.db: there are no views yet\. mixmatch views rebuild/)
})

test('locate prints the cloud of a resource, and exits with 1 for an unknown one', async t => {
  const path = folder(t)
  await recorded(path)
  const { code, out } = await mixmatch(
    path,
    'locate',
    disk.id.replaceAll('-', ''),
    ...LOG,
    '--format',
    'json',
  )
  t.is(code, 0)
  t.like(JSON.parse(out), {
    service_provider: cornmeal,
    resource: disk,
    project: alice,
  })
  const gone = await mixmatch(path, 'locate', image.id, ...LOG)
  t.is(gone.code, 1)
  t.regex(gone.err, /no cloud is known to hold it/)
})

test('explain prints the decision and its event', async t => {
  const path = folder(t)
  await recorded(path)
  const { code, out } = await mixmatch(
    path,
    'explain',
    'get',
    `/volume/v3/${alice}/volumes/${disk.id}`,
    ...LOG,
  )
  t.is(code, 0)
  t.regex(out, new RegExp(`^located: cornmeal holds volume ${disk.id}, says event 1\n`))
  t.regex(out, /1 .* volume\.create\.start +created/)
  const asked = await mixmatch(
    path,
    'explain',
    'POST',
    '/image/v2/images',
    ...LOG,
    '-H',
    'MM-Service-Provider: cornmeal',
    '--format',
    'json',
  )
  t.like(JSON.parse(asked.out), { kind: 'one', to: cornmeal, because: 'asked' })
  const unknown = await mixmatch(
    path,
    'explain',
    'GET',
    '/image/v2/images',
    ...LOG,
    '-H',
    'MM-Service-Provider: mars',
  )
  t.is(unknown.code, 1)
  t.regex(unknown.err, /"mars".*expected one of default, cornmeal/)
})

test('explain uses --body, and warns if it is missing', async t => {
  const path = folder(t)
  await recorded(path)
  writeFileSync(join(path, 'body.json'), JSON.stringify({ snapshot: { volume_id: disk.id } }))
  const args = ['explain', 'POST', `/volume/v3/${alice}/snapshots`, ...LOG]
  const { out } = await mixmatch(path, ...args, '--body', join(path, 'body.json'))
  t.regex(out, /^referred: the body refers to volume .* which cornmeal holds/)
  t.regex((await mixmatch(path, ...args)).err, /--body FILE/)
})

test('wrong usage exits with 2, and --help with 0', async t => {
  const path = folder(t)
  t.is((await mixmatch(path, 'log', 'tail', '-n', 'many')).code, 2)
  t.is((await mixmatch(path, 'lgo')).code, 2)
  t.is((await mixmatch(path, 'log', 'show', '1', '--format', 'xml', ...LOG)).code, 2)
  const help = await mixmatch(path, 'log', 'verify', '--help')
  t.is(help.code, 0)
  t.regex(help.out, /Example: /)
})

test('without --log and configuration, the message names the searched files', async t => {
  const { code, err } = await mixmatch(folder(t), 'log', 'info')
  t.is(code, 2)
  t.regex(err, /looked for mixmatch\.conf/)
})
