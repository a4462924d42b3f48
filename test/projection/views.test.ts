import { copyFileSync, existsSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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
