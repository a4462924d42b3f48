import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import test from 'ava'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import type { RecordedEvent } from '../../src/event/event.js'
import { micros, type Position, position } from '../../src/ids.js'
import { archiveLog } from '../../src/log/archive.js'
import { backUp } from '../../src/log/backup.js'
import { historyFiles, openHistory } from '../../src/log/history.js'
import { holdLog } from '../../src/log/holder.js'
import { openLog, openLogReader } from '../../src/log/open-log.js'
import { verifyLog } from '../../src/log/verify.js'
import { buildViews } from '../../src/projection/build.js'
import { checkViews } from '../../src/projection/check.js'
import { openViews } from '../../src/projection/open-views.js'
import { locateAt } from '../../src/replay/past-locations.js'
import {
  alice,
  at,
  bob,
  created,
  deleted,
  disk,
  event,
  folder,
  image,
  snapshot,
  transferred,
} from '../controls.js'
import { openFilesIn } from '../open-files.js'

const quiet = () => {}
const isDatabase = (name: string) => name.includes('.db') && !/-(wal|shm|holder)$/.test(name)

/** A log of eight events, one per second. */
function recorded(path: string): string {
  using log = openLog(join(path, 'events.db'))
  const story = [
    created(disk, alice),
    created(snapshot, alice, { parent: disk.id }),
    created(image, bob),
    event(),
    transferred(disk, bob),
    deleted(snapshot),
    deleted(image),
    created(image, alice),
  ]
  for (const [second, each] of story.entries()) log.append([each], at(second))
  return log.file
}

function everything(...files: string[]): RecordedEvent[] {
  using history = openHistory(files)
  return [...history.read()]
}

test('an archive and its live file together are the same history as before, with the same events and hashes', t => {
  const path = folder(t)
  const file = recorded(path)
  const before = everything(file)
  const { archive, events } = archiveLog(file, position(3), quiet)
  t.is(events, 3)
  const second = archiveLog(file, position(6), quiet)
  t.is(second.events, 3)
  const names = [archive, second.archive, file].map(each => basename(each)).sort()
  t.deepEqual(readdirSync(path).filter(isDatabase).sort(), names)

  t.deepEqual(everything(file), before)
  t.deepEqual(everything(path), before)
  t.is(historyFiles([file]).length, 3)
  t.is(historyFiles([archive])[0], archive)
  using history = openHistory([file])
  t.deepEqual(verifyLog(history), { events: 8, head: history.head(), breaches: [] })
  for (const event of before) t.deepEqual(history.get(event.position), event)
  t.is(history.get(position(9)), undefined)
  t.deepEqual([...history.read({ after: position(2), upTo: position(7) })], before.slice(2, 7))
  t.is(history.db.prepare('select count(*) from events').pluck().get(), 8)
  t.is(locateAt(history, position(5))(snapshot.type, snapshot.id)[0]?.project, bob)
  using live = openLogReader(file)
  t.deepEqual(
    [...live.read()].map(each => each.position),
    [7, 8].map(position),
  )
  t.deepEqual(verifyLog(live).breaches, [])
})

test('recording after archiving continues positions and chain, and still finds duplicates', t => {
  const path = folder(t)
  const file = recorded(path)
  archiveLog(file, position(8), quiet)
  using log = openLog(file)
  t.is(log.head().position, position(8))
  const next = event()
  t.is(log.append([next], at(9)).recorded[0]?.position, position(9))
  t.is(log.append([next], at(9)).duplicates, 1)
  using history = openHistory([file])
  t.deepEqual(verifyLog(history).breaches, [])
})

test('views stay current when a log is archived, and a rebuild reads all files', async t => {
  const path = folder(t)
  const file = recorded(path)
  const views = join(path, 'views.db')
  const before = openViews(views, [file])
  before.views[Symbol.dispose]()
  archiveLog(file, position(5), quiet)
  {
    using log = openLog(file)
    log.append([transferred(image, bob)], at(10))
  }
  const opened = openViews(views, historyFiles([file]))
  t.is(opened.rebuilt, null)
  opened.views[Symbol.dispose]()
  t.deepEqual(checkViews(views, historyFiles([file])).differences, [])
})

test('views without events are caught up from all archives of their log', t => {
  const path = folder(t)
  const file = recorded(path)
  const views = join(path, 'views.db')
  buildViews(views, [file], { upTo: position(0) })
  for (const upTo of [2, 4, 6]) archiveLog(file, position(upTo), quiet)
  const opened = openViews(views, historyFiles([file]))
  using _views = opened.views
  t.is(opened.rebuilt, null)
  t.is(opened.views.position(), position(8))
  t.deepEqual(checkViews(views, historyFiles([file])).differences, [])
})

test('views are not built from a history whose beginning is missing', async t => {
  const path = folder(t)
  const file = recorded(path)
  const { archive } = archiveLog(file, position(5), quiet)
  renameSync(archive, `${archive}.away`)
  t.deepEqual(historyFiles([file]), [file])
  t.throws(() => buildViews(join(path, 'new.db'), [file]), {
    code: 'LOG_NOT_FOUND',
    message: /first 5 events are in the archive events-000000001-000000005\.db/,
  })
})

test('archiving fails while the log is held, and a later run uses the archive that it wrote', t => {
  const path = folder(t)
  const file = recorded(path)
  {
    using _recorder = holdLog(file, 'record')
    t.throws(() => archiveLog(file, position(5), quiet), { code: 'LOG_HELD' })
  }
  using log = openLogReader(file)
  t.is(log.base().position, position(0))
  const steps: string[] = []
  archiveLog(file, position(5), step => steps.push(step))
  t.deepEqual(steps, ['putting the live file in place'])
})

test('archiving deletes what an interrupted run left, and leaves only the archive and the log', t => {
  const path = folder(t)
  const file = recorded(path)
  const name = 'events-000000001-000000005.db'
  for (const left of ['events.db.building', `${name}.building`]) {
    for (const suffix of ['', '-wal', '-shm', '-journal']) {
      copyFileSync(file, join(path, `${left}${suffix}`))
    }
  }
  archiveLog(file, position(5), quiet)
  t.deepEqual(readdirSync(path).sort(), [name, 'events.db', 'events.db-holder'])
  t.is(everything(file).length, 8)
})

/** Edit a database as somebody who can remove the triggers. */
function edit(file: string, sql: string, ...values: string[]): void {
  const db = new Database(file)
  const triggers = "select name from sqlite_schema where type = 'trigger'"
  for (const name of db.prepare<[], string>(triggers).pluck().all()) db.exec(`drop trigger ${name}`)
  db.prepare(sql).run(...values)
  db.close()
}

test('events that do not verify are not archived, and the log stays as it is', t => {
  const path = folder(t)
  const file = recorded(path)
  edit(file, 'update events set kind = 4 where position = 2')
  t.throws(() => archiveLog(file, position(5), quiet), {
    code: 'LOG_BROKEN',
    message: /recomputed it is .* The log was not touched/,
  })
  t.deepEqual(readdirSync(path).filter(isDatabase), ['events.db'])
})

test('archiving refuses a file of the name of the archive that does not hold just its events', t => {
  const path = folder(t)
  const file = recorded(path)
  const archiveOf = (file: string, ...ends: number[]) =>
    ends.map(end => archiveLog(file, position(end), quiet).archive).at(-1) ?? ''
  const copied = () => {
    const copy = join(folder(t), 'events.db')
    copyFileSync(file, copy)
    return copy
  }
  const changed = archiveOf(copied(), 3, 6)
  edit(changed, 'update events set kind = 4 where position = 5')
  const others = {
    'events of another log': archiveOf(recorded(folder(t)), 3, 6),
    'earlier events, too': archiveOf(copied(), 6),
    'too few events': archiveOf(copied(), 3, 5),
    'a changed event': changed,
  }
  archiveLog(file, position(3), quiet)
  for (const [what, other] of Object.entries(others)) {
    copyFileSync(other, join(path, 'events-000000004-000000006.db'))
    t.throws(() => archiveLog(file, position(6), quiet), { code: 'LOG_BROKEN' }, what)
  }
  t.is(everything(file).length, 8)
})

test('archiving fails if another process archives the log meanwhile, and the log stays whole', t => {
  const file = recorded(folder(t))
  const before = everything(file)
  const archiveMore = (step: string) => {
    if (step === 'checking it') archiveLog(file, position(6), quiet)
  }
  t.throws(() => archiveLog(file, position(3), archiveMore), {
    code: 'LOG_HELD',
    message: /was archived by another process/,
  })
  t.deepEqual(everything(file), before)
})

test('a reader from before the archiving reads all events of its file, also after new ones', t => {
  const file = recorded(folder(t))
  const recorder = openLog(file)
  using reader = openLogReader(file)
  const before = [...reader.read()]
  recorder[Symbol.dispose]()
  archiveLog(file, position(5), quiet)
  using log = openLog(file)
  log.append([event(), event()], at(20))
  t.deepEqual([...reader.read()], before)
  using history = openHistory([file])
  t.deepEqual(verifyLog(history).breaches, [])
})

test('archiving refuses a position before the beginning or after the end of the log', t => {
  const path = folder(t)
  const file = recorded(path)
  for (const upTo of [0, 9]) {
    t.throws(() => archiveLog(file, position(upTo), quiet), { code: 'USAGE' })
  }
})

test('a history is refused if its files are of different logs or a file between them is missing', t => {
  const path = folder(t)
  const file = recorded(path)
  const { archive } = archiveLog(file, position(3), quiet)
  const { archive: middle } = archiveLog(file, position(6), quiet)
  const away = join(path, 'away')
  mkdirSync(away)
  for (const each of [file, archive]) copyFileSync(each, join(away, each.slice(path.length + 1)))
  t.throws(() => openHistory([away]), { code: 'LOG_BROKEN', message: /name the file between them/ })
  t.is(everything(away, middle).length, 8)
  const other = join(path, 'other')
  mkdirSync(other)
  t.throws(() => openHistory([file, recorded(other)]), {
    code: 'LOG_BROKEN',
    message: /not of one history/,
  })
  t.throws(() => openHistory([join(path, 'absent.db')]), { code: 'LOG_NOT_FOUND' })
})

test('a folder of logs may hold their views, copies under other names and other files', t => {
  const path = folder(t)
  const file = recorded(path)
  openViews(join(path, 'events.views.db'), [file]).views[Symbol.dispose]()
  copyFileSync(recorded(folder(t)), join(path, 'events.db.old'))
  writeFileSync(join(path, 'notes.db'), 'where the archives are kept')
  t.deepEqual(historyFiles([path]), [file])
  const copy = join(path, 'copy.db')
  copyFileSync(file, copy)
  t.is(everything(path).length, 8)

  truncateSync(copy, 16384 * 3)
  t.throws(() => openHistory([path]), { code: 'LOG_BROKEN', message: /copy\.db: is damaged/ })
  const empty = folder(t)
  t.throws(() => openHistory([empty]), {
    code: 'LOG_NOT_FOUND',
    message: /expected event logs in this folder, found none/,
  })
})

test('an archive is opened only if it is in the folder of its log, whatever name the log gives', t => {
  for (const archive of ['away/events-000000001-000000005.db', 'events-000000001-000000005.db\0']) {
    const path = folder(t)
    const file = recorded(path)
    mkdirSync(join(path, 'away'))
    renameSync(
      archiveLog(file, position(5), quiet).archive,
      join(path, 'away', basename(archive.replace('\0', ''))),
    )
    edit(file, 'update base set archive = ?', archive)
    t.deepEqual(historyFiles([file]), [file])
  }
})

test('a closed history, and one that is refused, leave no file open', t => {
  const path = folder(t)
  const file = recorded(path)
  const { archive } = archiveLog(file, position(3), quiet)
  archiveLog(file, position(6), quiet)
  openHistory([path])[Symbol.dispose]()
  openHistory([file])[Symbol.dispose]()
  historyFiles([file])
  t.throws(() => openHistory([archive, file, recorded(folder(t))]), { code: 'LOG_BROKEN' })
  t.deepEqual(openFilesIn(path), [])
})

test('files of two logs that meet at one position are no history', t => {
  const path = folder(t)
  const [one, other] = ['one', 'other'].map(name => {
    const directory = join(path, name)
    mkdirSync(directory)
    return archiveLog(recorded(directory), position(3), quiet)
  })
  const live = join(path, 'other', 'events.db')
  renameSync(other?.archive ?? '', join(path, 'away.db'))
  t.throws(() => openHistory([one?.archive ?? '', live]), {
    code: 'LOG_BROKEN',
    message: /not of one history/,
  })
})

test('a history of more than ten files is refused before any of its events is read', t => {
  const file = join(folder(t), 'events.db')
  {
    using log = openLog(file)
    for (let second = 0; second < 11; second += 1) log.append([event()], at(second))
  }
  for (let upTo = 1; upTo <= 9; upTo += 1) archiveLog(file, position(upTo), quiet)
  t.is(everything(file).length, 11)
  archiveLog(file, position(10), quiet)
  t.throws(() => openHistory([file]), { code: 'USAGE', message: /^11 files are one history/ })
})

test('a log is not archived while somebody reads it, and is whole afterwards', t => {
  const file = recorded(folder(t))
  const before = everything(file)
  {
    using reader = openLogReader(file)
    using log = openLog(file)
    const reading = reader.read()
    reading.next() // holds a snapshot of the log
    log.append([event()], at(20))
    t.throws(() => archiveLog(file, position(3), quiet), {
      code: 'LOG_HELD',
      message: /somebody is reading it/,
    })
    reading.return?.(undefined)
  }
  t.deepEqual(everything(file).slice(0, 8), before)
  t.is(archiveLog(file, position(3), quiet).events, 3)
})

test('a backup is complete, is a single file, and is part of the history of its log', async t => {
  const path = folder(t)
  const file = recorded(path)
  const copy = join(path, 'backup.db')
  for (const suffix of ['', '-wal', '-shm', '-journal']) {
    writeFileSync(`${copy}.partial${suffix}`, 'left by a backup that was killed')
  }
  using log = openLog(file)
  const pages: [number, number][] = []
  const progress = (done: number, total: number) => pages.push([done, total])
  const head = await backUp(log, copy, progress, new AbortController().signal)
  t.deepEqual(head, log.head())
  t.deepEqual(
    readdirSync(path).filter(name => name.startsWith('backup')),
    ['backup.db'],
  )
  t.is(statSync(copy).mode & 0o007, 0)
  t.is(readFileSync(copy)[18], 1) // no write-ahead log: sqlite.org/fileformat.html
  t.true(pages.length > 0 && pages.every(([done, total]) => done <= total))
  t.is(everything(copy, file).length, 8)
  log.append([event()], at(20))
  t.is(everything(copy, file).length, 9)
  await t.throwsAsync(backUp(log, copy, quiet, new AbortController().signal), { code: 'USAGE' })
})

test('an interrupted backup leaves no files', async t => {
  const path = folder(t)
  using log = openLog(recorded(path))
  const stop = new AbortController()
  stop.abort(new Error('stopped'))
  const copy = join(path, 'backup.db')
  await t.throwsAsync(backUp(log, copy, quiet, stop.signal))
  t.throws(() => openHistory([copy]), { code: 'LOG_NOT_FOUND' })
  t.throws(() => openHistory([`${copy}.partial`]), { code: 'LOG_NOT_FOUND' })
})

test('law: a history and its views are the same for every division into files', async t => {
  const path = folder(t)
  let run = 0
  const cut = (file: string, cuts: readonly Position[]) => {
    for (const upTo of cuts) archiveLog(file, upTo, quiet)
  }
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(5)), { minLength: 2, maxLength: 9 }),
      fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { maxLength: 3 }),
      async (story, cuts) => {
        run += 1
        const here = join(path, String(run))
        const file = join(here, 'events.db')
        const kinds = [
          created(disk, alice),
          deleted(disk),
          transferred(disk, bob),
          created(snapshot, alice, { parent: disk.id }),
          deleted(snapshot),
          event(),
        ]
        {
          using log = openLog(file)
          for (const [index, [second, kind]] of story.entries()) {
            const { messageId, ...fields } = kinds[kind] ?? event()
            log.append(
              [{ ...fields, messageId: `${index} ${messageId}`, emittedAt: at(second) }],
              micros(at(index)),
            )
          }
        }
        const before = everything(file)
        const views = join(here, 'views.db')
        buildViews(views, [file])
        cut(
          file,
          cuts
            .filter(upTo => upTo <= story.length)
            .sort((a, b) => a - b)
            .map(position),
        )
        t.deepEqual(everything(file), before)
        t.deepEqual(checkViews(views, historyFiles([file])).differences, [])
        rmSync(here, { recursive: true })
      },
    ),
    { numRuns: 25 },
  )
})
