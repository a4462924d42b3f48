import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import type { Event } from '../../src/event/event.js'
import { type EventLog, openLog } from '../../src/log/log.js'
import { applying, attachHistory, missingOf, moving } from '../../src/projection/advance.js'
import { buildViews } from '../../src/projection/build.js'
import { cutKeys, type Keys } from '../../src/projection/keys.js'
import { openLocations } from '../../src/projection/locate.js'
import type { Stretch } from '../../src/projection/projection.js'
import { projections } from '../../src/projection/projections.js'
import { createTables, openUnfinished } from '../../src/projection/tables.js'
import { openViews } from '../../src/projection/views.js'
import { at, cornmeal, folder, idp, millet } from '../controls.js'
import { anyEvents, anyEventsOfFew, ids } from './any-events.js'

/** All rows of all views, as `views check` compares them. */
function rows(file: string): unknown[] {
  const db = new Database(file, { readonly: true })
  try {
    return projections.flatMap(({ name, rows }) =>
      db
        .prepare<[], string>(rows)
        .pluck()
        .all()
        .map(row => [name, row]),
    )
  } finally {
    db.close()
  }
}

for (const [what, some, numRuns] of [
  ['views', anyEvents, 60],
  ['views of few resources', anyEventsOfFew, 150],
] as const) {
  test(`law: ${what} that follow the log batch by batch equal those built at once`, async t => {
    const path = folder(t)
    let run = 0
    await fc.assert(
      fc.asyncProperty(some, fc.array(fc.nat(25), { maxLength: 4 }), async (events, cuts) => {
        run += 1
        const here = join(path, String(run))
        using log = openLog(join(here, 'events.db'))
        const { views } = await openViews(join(here, 'live.db'), [log.file])
        using _views = views
        let from = 0
        for (const to of [...cuts, events.length].sort((a, b) => a - b)) {
          log.append(events.slice(from, to), at(500))
          views.catchUp()
          from = Math.max(from, to)
        }
        await buildViews(join(here, 'built.db'), [log.file])
        t.deepEqual(rows(join(here, 'live.db')), rows(join(here, 'built.db')))
      }),
      { numRuns },
    )
  })
}

test('law: how the clouds interleave in the log makes no difference to what each is known to hold', async t => {
  const path = folder(t)
  let run = 0
  const known = async (name: string, events: readonly Event[]) => {
    using log = openLog(join(path, name, 'events.db'))
    log.append(events, at(500))
    await buildViews(join(path, name, 'views.db'), [log.file])
    using locations = openLocations(join(path, name, 'views.db'), log.file)
    return ids.flatMap(id =>
      locations
        .find(id)
        .map(({ resource, places }) => [
          resource,
          places.map(({ serviceProvider, project }) => `${serviceProvider} ${project}`).sort(),
        ]),
    )
  }
  await fc.assert(
    fc.asyncProperty(anyEvents, async events => {
      run += 1
      const byCloud = [millet, idp, cornmeal].flatMap(cloud =>
        events.filter(({ serviceProvider }) => serviceProvider === cloud),
      )
      const one = await known(`${run}-mixed`, events)
      t.deepEqual(await known(`${run}-apart`, byCloud), one)
    }),
    { numRuns: 30 },
  )
})

test('law: views told of a few resources at a time are those told of all at once', async t => {
  await ofAnyLog(t, fc.integer({ min: 1, max: 6 }), 30, async ({ here, log, events }, size) => {
    const pieces = build(join(here, 'pieces.db'), log.file, (db, stretch) =>
      cutKeys(db, stretch, { distance: 1, together: size }),
    )
    await buildViews(join(here, 'built.db'), [log.file], { processes: 1 })
    t.deepEqual(rows(join(here, 'pieces.db')), rows(join(here, 'built.db')))
    const ends = pieces.map(({ type, fromId }) => JSON.stringify([type, fromId]))
    t.is(new Set(ends).size, ends.length)
    const told = events.filter(({ kind, resource }) => kind !== 'noted' && resource)
    const named = new Set(told.map(({ resource }) => JSON.stringify(resource)))
    if (size === 1) t.true(pieces.length >= named.size)
  })
})

/** Build the views of resources from the pieces that a log is cut into. */
function build(
  file: string,
  log: string,
  cut: (db: Database.Database, stretch: Stretch) => Keys[],
): Keys[] {
  const db = openUnfinished(file)
  createTables(db, 'main')
  const detach = attachHistory(db, [log])
  const stretch = missingOf(db)()
  const pieces = cut(db, stretch)
  applying(db)(stretch, pieces)
  moving(db)(stretch.upTo)
  detach()
  db.close()
  return pieces
}

test('law: views that several processes built together are those that one built', async t => {
  await ofAnyLog(t, fc.integer({ min: 2, max: 3 }), 4, async ({ here, log }, processes) => {
    await buildViews(join(here, 'one.db'), [log.file], { processes: 1 })
    await buildViews(join(here, 'many.db'), [log.file], { processes })
    t.deepEqual(rows(join(here, 'many.db')), rows(join(here, 'one.db')))
    t.deepEqual(
      readdirSync(here).filter(name => name.includes('part')),
      [],
    )
  })
})

interface Recorded {
  /** A folder of its own. */
  readonly here: string
  readonly log: EventLog
  readonly events: readonly Event[]
}

/** Check what holds of a log of any events, and of a number that is drawn with it. */
async function ofAnyLog(
  t: ExecutionContext,
  anyNumber: fc.Arbitrary<number>,
  numRuns: number,
  check: (recorded: Recorded, drawn: number) => Promise<void>,
): Promise<void> {
  const path = folder(t)
  let run = 0
  await fc.assert(
    fc.asyncProperty(anyEvents, anyNumber, async (events, drawn) => {
      run += 1
      const here = join(path, String(run))
      using log = openLog(join(here, 'events.db'))
      log.append(events, at(500))
      await check({ here, log, events }, drawn)
    }),
    { numRuns },
  )
}
