import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import type { Event } from '../../src/event/event.js'
import type { EventLog } from '../../src/log/event-log.js'
import { openLog } from '../../src/log/open-log.js'
import { buildViews } from '../../src/projection/build.js'
import { openLocations } from '../../src/projection/locate.js'
import { openViews } from '../../src/projection/open-views.js'
import { projections } from '../../src/projection/projections.js'
import { at, cornmeal, folder, idp, millet } from '../controls.js'
import { anyEvents, anyEventsOfFew, ids } from './any-events.js'
import { viewRows } from './view-rows.js'

for (const [what, some, numRuns] of [
  ['views', anyEvents, 60],
  ['views of few resources', anyEventsOfFew, 150],
] as const) {
  test(`law: ${what} that are updated batch by batch equal those built at once`, async t => {
    const path = folder(t)
    let run = 0
    await fc.assert(
      fc.asyncProperty(some, fc.array(fc.nat(25), { maxLength: 4 }), async (events, cuts) => {
        run += 1
        const here = join(path, String(run))
        using log = openLog(join(here, 'events.db'))
        const { views } = openViews(join(here, 'live.db'), [log.file])
        using _views = views
        let from = 0
        for (const to of [...cuts, events.length].sort((a, b) => a - b)) {
          log.append(events.slice(from, to), at(500))
          views.catchUp()
          from = Math.max(from, to)
        }
        buildViews(join(here, 'built.db'), [log.file])
        t.deepEqual(viewRows(join(here, 'live.db')), viewRows(join(here, 'built.db')))
      }),
      { numRuns },
    )
  })
}

test('law: the locations at a cloud do not depend on how the clouds interleave in the log', async t => {
  const path = folder(t)
  let run = 0
  const known = async (name: string, events: readonly Event[]) => {
    using log = openLog(join(path, name, 'events.db'))
    log.append(events, at(500))
    buildViews(join(path, name, 'views.db'), [log.file])
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

test('law: views whose deferred part is built while events are appended equal those built at once', async t => {
  await ofAnyLog(t, fc.integer({ min: 0, max: 25 }), 30, async ({ here, log, events }, later) => {
    using live = openLog(join(here, 'live.db'))
    live.append(events.slice(later), at(500))
    const { views } = openViews(join(here, 'live.views.db'), [live.file], { deferred: false })
    using _views = views
    const building = views.buildDeferred(AbortSignal.timeout(120_000))
    live.append(events.slice(0, later), at(501))
    views.catchUp()
    await building
    views.catchUp()
    log.append(events.slice(later), at(500))
    log.append(events.slice(0, later), at(501))
    buildViews(join(here, 'built.db'), [log.file])
    t.deepEqual(viewRows(join(here, 'live.views.db')), viewRows(join(here, 'built.db')))
  })
})

interface Recorded {
  /** A temporary folder for this run. */
  readonly here: string
  readonly log: EventLog
  readonly events: readonly Event[]
}

/** Check a property of a log of any events, and of a value that is generated with it. */
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
      await check({ here, log, events }, drawn)
    }),
    { numRuns },
  )
}

test('law: a view that catches up reads only the new events, and others of their resources', t => {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  const { views } = openViews(join(path, 'views.db'), [log.file])
  using _views = views
  const statements: string[] = []
  const prepare = views.db.prepare.bind(views.db)
  Object.defineProperty(views.db, 'prepare', {
    value(sql: string) {
      statements.push(sql)
      return prepare(sql)
    },
  })
  for (const view of projections) view.prepare(views.db)
  const ofRanges = statements.filter(sql => sql.includes(':after'))
  t.true(ofRanges.length >= 5)
  for (const sql of ofRanges) {
    const plan = prepare<[object], { detail: string }>(`explain query plan ${sql}`)
    const steps = plan.all({ after: 1, upTo: 2 }).map(({ detail }) => detail)
    const reads = steps.filter(step => /^(SCAN|SEARCH) (log\.events|e|history)\b/.test(step))
    const isBounded = (step: string) => /rowid>\?|resource_id=\?|\bposition>\?/.test(step)
    t.deepEqual(
      reads.filter(step => !isBounded(step)),
      [],
      sql,
    )
  }
})
