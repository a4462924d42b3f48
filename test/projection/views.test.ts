import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import Database from 'better-sqlite3'
import { ownEventTypes } from '../../src/event/event.js'
import { position } from '../../src/ids.js'
import { openLog } from '../../src/log/open-log.js'
import { checkViews } from '../../src/projection/check.js'
import { openLocations } from '../../src/projection/locate.js'
import { openViews, rebuildViews } from '../../src/projection/open-views.js'
import { alice, at, bob, created, deleted, disk, event, folder, image } from '../controls.js'

/** Write a log of three events and its views, and close both. */
async function recorded(path: string): Promise<{ log: string; views: string }> {
  using log = openLog(join(path, 'events.db'))
  log.append([created(disk, alice), created(image, bob), deleted(image)], at(9))
  const views = join(path, 'views.db')
  const opened = openViews(views, [log.file])
  opened.views[Symbol.dispose]()
  return { log: log.file, views }
}

test('views that match their log are only caught up', async t => {
  const files = await recorded(folder(t))
  const { views, rebuilt } = openViews(files.views, [files.log])
  using _views = views
  t.is(rebuilt, null)
  t.is(views.position(), position(3))
})

test('views are caught up with events that were recorded while they were closed', async t => {
  const files = await recorded(folder(t))
  {
    using log = openLog(files.log)
    log.append([created(image, bob)], at(10))
  }
  const { views, rebuilt } = openViews(files.views, [files.log])
  using _views = views
  t.is(rebuilt, null)
  t.is(views.position(), position(4))
  t.deepEqual(checkViews(files.views, [files.log]).differences, [])
})

const damages: Record<string, (views: string) => void> = {
  empty: views => truncateSync(views, 0),
  'no database': views =>
    writeFileSync(views, 'not a database at all, but long enough to be read as one'.repeat(9)),
  truncated: views => truncateSync(views, statSync(views).size - 8192),
  'another version': views => edit(views, `update state set versions = '[["locations",0]]'`),
  'another log': views => edit(views, 'update state set hash = zeroblob(32)'),
  'a log with another beginning': views =>
    edit(views, 'update state set first_hash = zeroblob(32)'),
  'ahead of the log': views => edit(views, 'update state set position = 99'),
}

for (const [damage, apply] of Object.entries(damages)) {
  test(`views that do not match their log are rebuilt: ${damage}`, async t => {
    const files = await recorded(folder(t))
    apply(files.views)
    const { views, rebuilt } = openViews(files.views, [files.log])
    using _views = views
    t.truthy(rebuilt)
    t.is(views.position(), position(3))
    t.deepEqual(checkViews(files.views, [files.log]).differences, [])
  })
}

test('a check names every row that is only in the views or only follows from the log', async t => {
  const files = await recorded(folder(t))
  t.deepEqual(checkViews(files.views, [files.log]), {
    position: position(3),
    rows: 4,
    differences: [],
  })
  edit(files.views, 'update locations set owner = 2 where owner = 1')
  const { differences } = checkViews(files.views, [files.log])
  t.deepEqual(
    differences.map(each => [each.view, each.in, each.row.includes(alice), each.row.includes(bob)]),
    [
      ['locations', 'log', true, false],
      ['locations', 'views', false, true],
    ],
  )
})

test('a check compares at the position of the views and ignores later events', async t => {
  const files = await recorded(folder(t))
  using log = openLog(files.log)
  log.append([deleted(disk)], at(20))
  t.deepEqual(checkViews(files.views, [files.log]), {
    position: position(3),
    rows: 4,
    differences: [],
  })
})

test('readers open new views that replaced theirs', async t => {
  const files = await recorded(folder(t))
  using locations = openLocations(files.views, files.log)
  using absent = openLocations(`${files.views}.later`, files.log)
  t.is(locations.locate('volume', disk.id).length, 1)
  t.throws(() => absent.locate('volume', disk.id), {
    code: 'VIEWS_UNAVAILABLE',
    message: /there are no views yet/,
  })
  {
    using log = openLog(files.log)
    log.append([deleted(disk)], at(20))
  }
  rebuildViews(files.views, [files.log])
  copyFileSync(files.views, `${files.views}.later`)
  locations.refresh()
  absent.refresh()
  t.is(locations.locate('volume', disk.id).length, 0)
  t.is(absent.locate('image', image.id).length, 0)
  t.false(existsSync(`${files.views}.building`))
})

test('the views of requests are ready before the deferred views are built, which then agree with the log', async t => {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  log.append([created(disk, alice), created(image, bob)], at(9))
  const file = join(path, 'views.db')
  const { views, rebuilt } = openViews(file, [log.file], { deferred: false })
  using _views = views
  const placements = () => views.db.prepare('select count(*) from placements').pluck().get()
  t.is(rebuilt, 'there are none yet')
  using locations = openLocations(file, log.file)
  t.is(locations.locate('volume', disk.id).length, 1)
  t.is(placements(), 0)

  log.append([deleted(image)], at(10))
  t.deepEqual(views.catchUp(), { after: position(2), upTo: position(3) })
  t.is(placements(), 0)
  t.deepEqual(checkViews(file, [log.file]), { position: position(3), rows: 2, differences: [] })

  await views.buildDeferred(AbortSignal.abort())
  const building = views.buildDeferred(new AbortController().signal)
  log.append([created(image, alice)], at(11))
  views.catchUp()
  await building
  t.is(placements(), 3)
  log.append([deleted(disk), created(disk, bob)], at(12))
  views.catchUp()
  t.is(placements(), 4)
  await views.buildDeferred(new AbortController().signal) // does nothing more
  t.like(checkViews(file, [log.file]), { position: position(6), differences: [] })
})

test('deferred views that were not built before the views were closed are built at the next opening', async t => {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  log.append([created(disk, alice), created(image, bob)], at(9))
  const file = join(path, 'views.db')
  openViews(file, [log.file], { deferred: false }).views[Symbol.dispose]()
  t.is(checkViews(file, [log.file]).rows, 2)
  const { views, rebuilt } = openViews(file, [log.file])
  using _views = views
  t.is(rebuilt, null)
  t.deepEqual(checkViews(file, [log.file]), { position: position(2), rows: 4, differences: [] })
})

/** Overwrite the first page of a table of views with bytes that are no page. */
function damage(file: string, table: string): void {
  const db = new Database(file)
  const page = db.prepare('select rootpage from sqlite_schema where name = ?').pluck().get(table)
  const size = Number(db.pragma('page_size', { simple: true }))
  db.close()
  const descriptor = openSync(file, 'r+')
  writeSync(descriptor, Buffer.alloc(size, 0xff), 0, size, (Number(page) - 1) * size)
  closeSync(descriptor)
}

test('damaged views are rebuilt when they are checked, or when the damage is in the way of new events', async t => {
  const { log, views } = await recorded(folder(t))
  const open = (options = {}) => {
    const opened = openViews(views, [log], options)
    opened.views[Symbol.dispose]()
    return opened.rebuilt
  }
  damage(views, 'locations')
  t.is(open({ checked: false }), null, 'there are no new events')
  t.regex(open() ?? '', /^they are damaged: /)
  t.is(open(), null)

  damage(views, 'locations')
  {
    using opened = openLog(log)
    opened.append([created(image, bob)], at(10))
  }
  t.is(open({ checked: false }), 'they are damaged')
  t.deepEqual(checkViews(views, [log]).differences, [])
})

test('an interrupted rebuild and old files beside the views do not disturb new views', async t => {
  const { log, views } = await recorded(folder(t))
  for (const left of ['.building', '.building-wal', '.building-journal', '-journal']) {
    writeFileSync(`${views}${left}`, 'left by a process that was killed')
  }
  rebuildViews(views, [log])
  t.deepEqual(readdirSync(dirname(views)).sort(), ['events.db', 'views.db'])
  t.deepEqual(checkViews(views, [log]).differences, [])
})

test('views that are closed are a single file, which can be read in a folder without write access', async t => {
  const { views } = await recorded(folder(t))
  t.deepEqual(
    readdirSync(dirname(views)).filter(name => name.startsWith('views')),
    ['views.db'],
  )
  t.is(readFileSync(views)[18], 1) // no write-ahead log: sqlite.org/fileformat.html
})

test('only events of the recorder change the view of exchanges, not messages of a bus', async t => {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  const wire = { exchange: 'glance', routingKey: 'notifications.info', envelope: '2.0' } as const
  log.append([event({ eventType: ownEventTypes.exchangeDurable, wire })], at(1))
  const { views } = openViews(join(path, 'views.db'), [log.file])
  using _views = views
  t.deepEqual(views.db.prepare('select * from exchanges').all(), [])
})

test('the view of exchanges has the last declaration of each', async t => {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  const seen = (eventType: string, exchange: string) =>
    event({ source: 'recorder', eventType, wire: { exchange, routingKey: '', envelope: 'none' } })
  const { views } = openViews(join(path, 'views.db'), [log.file])
  using _views = views
  log.append([event(), seen(ownEventTypes.exchangeTransient, 'glance')], at(1))
  views.catchUp()
  log.append([event(), seen(ownEventTypes.exchangeDurable, 'glance')], at(2))
  views.catchUp()
  t.deepEqual(views.db.prepare('select exchange, durable from exchanges').all(), [
    { exchange: 'glance', durable: 1 },
  ])
})

function edit(file: string, sql: string): void {
  const db = new Database(file)
  db.exec(sql)
  db.close()
}
