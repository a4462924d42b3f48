import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import Database from 'better-sqlite3'
import { openLog } from '../../src/log/open-log.js'
import { forgetLostLog, rejectLostLog } from '../../src/projection/belonging.js'
import { openLocations, openLocationsOf, whyNoViews } from '../../src/projection/locate.js'
import { openViews, rebuildViews } from '../../src/projection/open-views.js'
import { viewsFileOf } from '../../src/projection/views-file.js'
import {
  alice,
  at,
  bob,
  cornmeal,
  created,
  deleted,
  disk,
  event,
  folder,
  image,
  millet,
} from '../controls.js'
import { openFilesIn } from '../open-files.js'

/** Write a log with these events and its views, and close both. */
async function recorded(log: string, events = [created(disk, alice), event()]): Promise<string> {
  {
    using opened = openLog(log)
    opened.append(events, at(9))
  }
  const { views } = openViews(viewsFileOf(log), [log])
  views[Symbol.dispose]()
  return viewsFileOf(log)
}

test('views are named after their log', t => {
  t.is(viewsFileOf('/var/lib/mixmatch/events.db'), '/var/lib/mixmatch/events.views.db')
  t.is(viewsFileOf('copy.sqlite'), 'copy.sqlite.views.db')
})

const losses: Record<string, (log: string) => void> = {
  deleted: log => rmSync(log),
  empty: log => truncateSync(log, 0),
  'replaced by a new log without events': log => {
    rmSync(log)
    openLog(log)[Symbol.dispose]()
  },
}

for (const [loss, lose] of Object.entries(losses)) {
  test(`a log that is ${loss} is lost if its views have events, and the error says what to do`, async t => {
    const log = join(folder(t), 'events.db')
    const views = await recorded(log)
    lose(log)
    t.throws(() => rejectLostLog(log), {
      code: 'LOG_LOST',
      message: /views know of 2\. Put a backup of the log in its place; .*--new-log/,
    })
    forgetLostLog(log)
    t.notThrows(() => rejectLostLog(log))
    t.false(existsSync(views))
    t.true(existsSync(`${views}.lost`))
  })
}

test('a log is also lost if only views with the earlier name have events', async t => {
  const path = folder(t)
  const log = join(path, 'events.db')
  renameSync(await recorded(log), join(path, 'views.db'))
  rmSync(log)
  t.throws(() => rejectLostLog(log), { code: 'LOG_LOST' })
  forgetLostLog(log)
  t.notThrows(() => rejectLostLog(log))
})

test('a log that was restored from a backup is not lost, and its views are rebuilt', async t => {
  const path = folder(t)
  const log = join(path, 'events.db')
  await recorded(log)
  copyFileSync(log, join(path, 'backup.db'))
  {
    using opened = openLog(log)
    opened.append([deleted(disk)], at(10))
  }
  await recorded(log, [])
  renameSync(join(path, 'backup.db'), log)
  t.notThrows(() => rejectLostLog(log))
  forgetLostLog(log) // does nothing, because the log is not lost
  const { views, rebuilt } = openViews(viewsFileOf(log), [log])
  views[Symbol.dispose]()
  t.regex(rebuilt ?? '', /another log: event 3 is not in it/)
})

test('a new log, or one whose views have no events yet, is not lost', async t => {
  const path = folder(t)
  t.notThrows(() => rejectLostLog(join(path, 'events.db')))
  await recorded(join(path, 'empty.db'), [])
  rmSync(join(path, 'empty.db'))
  t.notThrows(() => rejectLostLog(join(path, 'empty.db')))
})

test('two logs in one folder have separate views', async t => {
  const path = folder(t)
  const prod = join(path, 'events.db')
  const copy = join(path, 'copy.db')
  await recorded(prod)
  await recorded(copy, [created(disk, bob, { serviceProvider: millet })])
  const holderOf = (log: string) => {
    using locations = openLocationsOf(log)
    return locations?.locate('volume', disk.id).map(place => place.serviceProvider)
  }
  t.deepEqual(holderOf(prod), [cornmeal])
  t.deepEqual(holderOf(copy), [millet])
})

test('views of one log are not read for another log', async t => {
  const path = folder(t)
  const views = await recorded(join(path, 'events.db'))
  await recorded(join(path, 'other.db'), [created(disk, bob), event()])
  using locations = openLocations(views, join(path, 'other.db'))
  t.regex(locations.problem() ?? '', /of another log: event 2 has another hash there/)
  t.throws(() => locations.locate('volume', disk.id), { code: 'VIEWS_UNAVAILABLE' })
  renameSync(views, viewsFileOf(join(path, 'other.db')))
  t.is(openLocationsOf(join(path, 'other.db')), undefined)
})

test('views with the earlier name are renamed once, for the log that they were built from', async t => {
  const path = folder(t)
  const log = join(path, 'events.db')
  const earlier = join(path, 'views.db')
  renameSync(await recorded(log), earlier)
  await recorded(join(path, 'other.db'), [created(image, bob)])
  t.true(existsSync(earlier))
  const { views, rebuilt } = openViews(viewsFileOf(log), [log])
  views[Symbol.dispose]()
  t.is(rebuilt, null)
  t.false(existsSync(earlier))
})

test('views do not replace a log or another database that has their name', async t => {
  const path = folder(t)
  const log = join(path, 'events.db')
  await recorded(log)
  openLog(join(path, 'new.db'))[Symbol.dispose]()
  renameSync(log, viewsFileOf(join(path, 'new.db')))
  t.throws(() => openViews(viewsFileOf(join(path, 'new.db')), [join(path, 'new.db')]), {
    code: 'USAGE',
    message: /found another database/,
  })
})

const problems: Record<string, { damage: (views: string) => void; expected: RegExp }> = {
  deleted: { damage: views => rmSync(views), expected: /^the file is gone$/ },
  truncated: { damage: views => truncateSync(views, 100), expected: /^it is damaged: / },
  'without a state': {
    damage: views => {
      const db = new Database(views)
      db.exec('delete from state')
      db.close()
    },
    expected: /^it says nothing of its state$/,
  },
  replaced: {
    damage: views => {
      rmSync(views)
      writeFileSync(views, '')
    },
    expected: /^another file was put in its place$/,
  },
}

for (const [what, { damage, expected }] of Object.entries(problems)) {
  test(`the writer of views reports it if they are ${what}`, async t => {
    const log = join(folder(t), 'events.db')
    const file = await recorded(log)
    const { views } = openViews(file, [log])
    using _views = views
    t.is(views.problem(), null)
    damage(file)
    t.regex(views.problem() ?? '', expected)
  })
}

test('locate fails while the views are missing, instead of finding no places', async t => {
  const log = join(folder(t), 'events.db')
  const file = await recorded(log)
  using locations = openLocations(file, log)
  renameSync(file, `${file}.away`)
  locations.refresh()
  t.is(locations.problem(), null, 'one moment without is what a replacement looks like')
  locations.refresh()
  t.regex(locations.problem() ?? '', /gone/)
  t.throws(() => locations.locate('volume', disk.id), {
    code: 'VIEWS_UNAVAILABLE',
    message: /not known at the moment/,
  })
  renameSync(`${file}.away`, file)
  locations.refresh()
  t.is(locations.problem(), null)
  t.is(locations.locate('volume', disk.id).length, 1)
})

test('closed locations find nothing, and say so', async t => {
  const log = join(folder(t), 'events.db')
  const locations = openLocations(await recorded(log), log)
  locations[Symbol.dispose]()
  t.is(locations.problem(), 'closed')
  t.throws(() => locations.locate('volume', disk.id), { code: 'VIEWS_UNAVAILABLE' })
})

test('no file of views stays open that was replaced, does not match, or whose reader was closed', async t => {
  const path = folder(t)
  const log = join(path, 'events.db')
  const file = await recorded(log)
  const locations = openLocations(file, log)
  t.deepEqual(openFilesIn(path), [file])
  const remembered = locations.locate('volume', disk.id)
  for (let time = 0; time < 3; time += 1) locations.refresh()
  t.is(locations.locate('volume', disk.id), remembered, 'the same file is not opened again')
  rebuildViews(file, [log])
  locations.refresh()
  t.deepEqual(openFilesIn(path), [file])
  locations[Symbol.dispose]()
  t.deepEqual(openFilesIn(path), [])

  await recorded(join(path, 'other.db'), [created(disk, bob), event()])
  renameSync(file, viewsFileOf(join(path, 'other.db')))
  t.is(openLocationsOf(join(path, 'other.db')), undefined)
  t.is(openLocationsOf(log), undefined)
  t.deepEqual(openFilesIn(path), [])
})

test('views that cannot be opened for another reason than damage are not renamed', async t => {
  const log = join(folder(t), 'events.db')
  const file = await recorded(log)
  rmSync(file)
  mkdirSync(file)
  using locations = openLocations(file, log, { replaceDamaged: true })
  t.regex(locations.problem() ?? '', /events\.views\.db: cannot be read \(it is a folder\)/)
  t.true(existsSync(file))
})

test('a command says why there are no views of a log to read', async t => {
  const log = join(folder(t), 'events.db')
  t.regex(whyNoViews(log) ?? '', /there are no views yet$/)
  const file = await recorded(log)
  t.is(whyNoViews(log), null)
  writeFileSync(file, 'no database, but long enough to be read as one: '.repeat(9))
  t.regex(whyNoViews(log) ?? '', /the views are damaged/)
  t.true(existsSync(file))
})

for (const [what, damage] of Object.entries({
  'that is no database': (file: string) =>
    writeFileSync(file, 'no database, but long enough to be read as one: '.repeat(9)),
  'of which only the first page is left': (file: string) => truncateSync(file, 8192),
})) {
  test(`a worker renames a file ${what}, and new views take its place`, async t => {
    const log = join(folder(t), 'events.db')
    const file = await recorded(log)
    damage(file)
    using locations = openLocations(file, log, { replaceDamaged: true })
    t.regex(locations.problem() ?? '', /the views are damaged/)
    t.true(existsSync(`${file}.damaged`))
    await recorded(log, [])
    locations.refresh()
    t.is(locations.locate('volume', disk.id).length, 1)
  })
}

test('a worker renames damaged views, and a read-only command leaves them', async t => {
  const path = folder(t)
  const log = join(path, 'events.db')
  const many = Array.from({ length: 400 }, (_, index) =>
    created({ type: 'volume', id: disk.id }, alice, { messageId: `m${index}` }),
  )
  const file = await recorded(log, many)
  const db = new Database(file)
  const page = db
    .prepare("select rootpage from sqlite_schema where name = 'locations'")
    .pluck()
    .get()
  db.close()
  t.is(typeof page, 'number')
  using reading = openLocations(file, log)
  using working = openLocations(file, log, { replaceDamaged: true })
  using late = openLocations(file, log, { replaceDamaged: true })
  const size = 8192
  const damaged = Buffer.alloc(size, 0xff)
  const fd = openSync(file, 'r+')
  writeSync(fd, damaged, 0, size, (Number(page) - 1) * size)
  closeSync(fd)
  t.throws(() => reading.locate('volume', disk.id), {
    code: 'VIEWS_UNAVAILABLE',
    message: /damaged/,
  })
  t.true(existsSync(file))
  t.throws(() => working.locate('volume', disk.id), {
    code: 'VIEWS_UNAVAILABLE',
    message: /damaged/,
  })
  t.false(existsSync(file))
  t.true(readdirSync(path).includes('events.views.db.damaged'))
  const { views, rebuilt } = openViews(file, [log])
  views[Symbol.dispose]()
  t.is(rebuilt, 'there are none yet')
  t.throws(() => late.locate('volume', disk.id), { code: 'VIEWS_UNAVAILABLE', message: /damaged/ })
  t.true(existsSync(file), 'these are the new views')
  working.refresh()
  t.is(working.locate('volume', disk.id).length, 1)
})
