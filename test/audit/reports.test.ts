import test from 'ava'
import { reportAnomalies } from '../../src/audit/anomaly-report.js'
import { reportDrift } from '../../src/audit/drift-report.js'
import { reportPlacement } from '../../src/audit/placement-report.js'
import { reportResidency } from '../../src/audit/residency-report.js'
import { reportSummary } from '../../src/audit/summary-report.js'
import { type Event, ownEventTypes } from '../../src/event/event.js'
import { formatTime } from '../../src/event/time.js'
import { position } from '../../src/ids.js'
import {
  alice,
  at,
  bob,
  changed,
  cornmeal,
  created,
  deleted,
  disk,
  event,
  idp,
  image,
  millet,
  snapshot,
  transferred,
} from '../controls.js'
import { auditDatabase, type Recorded, rows } from './audit-databases.js'

const HOUR = 3600e6
const hours = (count: number) => at(count * 3600)

test('the summary counts live, created, received, given and deleted resources by cloud, type and project', t => {
  const report = reportSummary(
    auditDatabase(t, [
      created(disk, alice),
      transferred(disk, bob),
      created(snapshot, bob, { parent: disk.id }),
      deleted(snapshot),
      created(image, alice, { serviceProvider: idp }),
    ]),
    HOUR,
  )
  t.deepEqual(
    rows(report, 'resources').map(row => [
      row['service_provider'],
      row['type'],
      row['project'],
      ...['live', 'created', 'received', 'given', 'deleted'].map(column => row[column]),
    ]),
    [
      [cornmeal, 'volume', bob, 1, 0, 1, 0, 0],
      [cornmeal, 'volume', alice, 0, 1, 0, 1, 0],
      [cornmeal, 'snapshot', bob, 0, 1, 0, 0, 1],
      [idp, 'image', alice, 1, 1, 0, 0, 0],
    ],
  )
})

test('a silence is the exact time between two messages of one bus, or to the end of the log', t => {
  const heard = (cloud: typeof cornmeal, time: number): Recorded => [
    event({ serviceProvider: cloud, emittedAt: hours(time) }),
    hours(time),
  ]
  const report = reportSummary(
    auditDatabase(t, [
      heard(cornmeal, 0),
      heard(millet, 0),
      heard(cornmeal, 1),
      heard(cornmeal, 9.5),
      heard(cornmeal, 10),
      heard(cornmeal, 20.25),
    ]),
    8 * HOUR,
  )
  t.deepEqual(
    rows(report, 'silences').map(row => [row['service_provider'], row['hours'], row['lasts']]),
    [
      [cornmeal, 8.5, false],
      [cornmeal, 10.3, false],
      [millet, 20.3, true],
    ],
  )
})

test('only events of the recorder itself are gaps', t => {
  const noted = (eventType: string, time: number, fields: Partial<Event> = {}): Recorded => [
    event({ source: 'recorder', eventType, emittedAt: hours(time), body: '{}', ...fields }),
    hours(time),
  ]
  const gap = { from: formatTime(hours(4)), to: formatTime(hours(5)) }
  const report = reportSummary(
    auditDatabase(t, [
      noted(ownEventTypes.queueDeclared, 0, { body: '{"possible_gap":null}' }),
      noted(ownEventTypes.busLost, 1),
      noted(ownEventTypes.busConnected, 2),
      noted(ownEventTypes.busLost, 3, { source: 'bus' }),
      noted(ownEventTypes.busLost, 4),
      noted(ownEventTypes.queueDeclared, 5, { body: JSON.stringify({ possible_gap: gap }) }),
    ]),
    HOUR,
  )
  t.deepEqual(
    rows(report, 'gaps').map(row => [row['position'], row['from'], row['until']]),
    [
      [2, formatTime(hours(1)), formatTime(hours(2))],
      [5, formatTime(hours(4)), null],
      [6, gap.from, gap.to],
    ],
  )
})

test('the outages of two buses of one cloud are two gaps', t => {
  const noted = (eventType: string, time: number, bus: string): Recorded => [
    event({ source: 'recorder', eventType, body: JSON.stringify({ bus, possible_gap: null }) }),
    hours(time),
  ]
  const report = reportSummary(
    auditDatabase(t, [
      noted(ownEventTypes.busLost, 0, 'a:5672/'),
      noted(ownEventTypes.busLost, 1, 'b:5672/'),
      noted(ownEventTypes.busConnected, 2, 'b:5672/'),
      noted(ownEventTypes.busConnected, 3, 'a:5672/'),
    ]),
    HOUR,
  )
  t.deepEqual(
    rows(report, 'gaps').map(row => [row['from'], row['until']]),
    [
      [formatTime(hours(0)), formatTime(hours(3))],
      [formatTime(hours(1)), formatTime(hours(2))],
    ],
  )
})

test('the placement report shows a time, a position, or now', t => {
  const story = [
    created(disk, alice, { emittedAt: at(10) }),
    transferred(disk, bob, { emittedAt: at(20) }),
    deleted(disk, { emittedAt: at(30) }),
  ]
  const any = { projects: [], serviceProviders: [], types: [], silence: HOUR }
  const history = auditDatabase(t, story)
  const owners = (time: number | null, filter = {}) =>
    rows(reportPlacement(history, { ...any, ...filter, at: time }), 'placement').map(
      row => row['project'],
    )
  t.deepEqual(owners(at(9)), [])
  t.deepEqual(owners(at(10)), [alice])
  t.deepEqual(owners(at(20)), [bob])
  t.deepEqual(owners(at(30)), [])
  t.deepEqual(owners(null), [])
  t.deepEqual(
    owners(at(15), { projects: [alice], serviceProviders: [cornmeal], types: ['volume'] }),
    [alice],
  )
  t.deepEqual(owners(at(15), { projects: [bob] }), [])
  t.deepEqual(owners(at(15), { serviceProviders: [millet] }), [])
  t.deepEqual(owners(at(15), { types: ['image'] }), [])
  const earlier = auditDatabase(t, story, position(1))
  t.deepEqual(
    rows(reportPlacement(earlier, { ...any, at: null }), 'placement').map(row => row['project']),
    [alice],
  )
})

test('the placement report has the name of a resource from the notification that began the placement', t => {
  const body = (payload: object) => JSON.stringify({ event_type: 'x', payload })
  const report = reportPlacement(
    auditDatabase(t, [
      { ...created(disk, alice), body: body({ display_name: 'data', name: 'volume-1' }) },
      { ...created(image, alice), body: body({ name: 'debian' }) },
      { ...created(snapshot, alice), body: body({ display_name: null }) },
    ]),
    { projects: [], serviceProviders: [], types: [], silence: HOUR, at: null },
  )
  t.deepEqual(
    rows(report, 'placement').map(({ name }) => name),
    ['debian', 'data', null],
  )
})

test('the residency report has each resource at a forbidden cloud, with the events that prove it', t => {
  const history = auditDatabase(t, [
    created(disk, alice, { emittedAt: at(10) }),
    transferred(disk, bob, { emittedAt: at(20) }),
    deleted(disk, { emittedAt: at(30) }),
    created(image, alice, { serviceProvider: idp }),
  ])
  const runCheck = (
    project: string,
    cloud: string,
    from: number | null = null,
    until: number | null = null,
  ) => reportResidency(history, { projects: [project], notAt: [cloud], from, until, silence: HOUR })

  const { found, report } = runCheck(alice, cornmeal)
  t.true(found)
  t.like(rows(report, 'evidence')[0], {
    resource: disk,
    from_position: 1,
    to_position: 2,
    from_event: 'volume.create.start',
    from_hash: history.history.get(position(1))?.hash,
    to_event: 'volume.transfer.accept.end',
  })
  t.false(runCheck(alice, cornmeal, at(21)).found)
  t.true(runCheck(alice, cornmeal, at(15), at(16)).found)
  t.false(runCheck(alice, cornmeal, null, at(9)).found)
  t.true(runCheck(bob, cornmeal, at(25)).found)
  t.false(runCheck(bob, idp).found)
  t.regex(
    runCheck(bob, 'nowhere').report.caveats[0]?.text ?? '',
    /^nowhere: the history has no event/,
  )
})

test('a resource known only by its deletion is evidence in the residency report', t => {
  const gone = { ...deleted(disk, { emittedAt: at(30) }), project: alice }
  const question = { projects: [alice], notAt: [cornmeal], from: null, until: null, silence: HOUR }
  t.true(reportResidency(auditDatabase(t, [gone]), question).found)
})

const anomalies: Record<string, readonly [string, readonly Recorded[]]> = {
  'a deletion of an unknown resource': ['deleted without having been created', [deleted(disk)]],
  'an update of a deleted resource': [
    'spoken of after its deletion',
    [
      created(disk, alice, { emittedAt: at(1) }),
      deleted(disk, { emittedAt: at(2) }),
      changed(disk, alice, { emittedAt: at(3) }),
    ],
  ],
  'a new owner without a transfer': [
    'owner changed without a transfer',
    [created(disk, alice, { emittedAt: at(1) }), changed(disk, bob, { emittedAt: at(2) })],
  ],
  'one id at two clouds at the same time': [
    'claimed by two clouds',
    [
      created(disk, alice, { emittedAt: at(1) }),
      created(disk, bob, { serviceProvider: millet, emittedAt: at(2) }),
    ],
  ],
  'a resource that disappeared without a notification': [
    'gone without a word',
    [
      created(disk, alice, { emittedAt: at(1) }),
      {
        ...deleted(disk, { emittedAt: at(2) }),
        source: 'proxy',
        eventType: ownEventTypes.observedMissing,
      },
    ],
  ],
  'a resource that was created twice': [
    'created twice',
    [created(disk, alice, { emittedAt: at(1) }), created(disk, alice, { emittedAt: at(2) })],
  ],
  'a clock ahead of ours': ['clock', [[event({ emittedAt: at(10) }), at(5)]]],
  'a clock behind ours': ['clock', [[event({ emittedAt: at(0) }), at(500)]]],
}

for (const [what, [name, events]] of Object.entries(anomalies)) {
  test(`the anomaly report finds ${what}`, t => {
    const found = rows(reportAnomalies(auditDatabase(t, events), HOUR).report, 'anomalies').map(
      row => row['what'],
    )
    t.true(found.includes(name), found.join())
  })
}

test('a consistent log has no anomalies', t => {
  const [early, late] = [at(100), at(101)]
  const heard = (each: ReturnType<typeof event>): Recorded => [
    { ...each, emittedAt: each.emittedAt ?? early },
    late,
  ]
  const fitting = [
    created(disk, alice, { emittedAt: at(95) }),
    created(snapshot, alice, { parent: disk.id, emittedAt: at(96) }),
    transferred(disk, bob, { emittedAt: at(97) }),
    deleted(snapshot, { emittedAt: at(98) }),
    deleted(disk, { emittedAt: at(99) }),
    created(disk, bob, { emittedAt: early }),
  ]
  t.deepEqual(
    rows(reportAnomalies(auditDatabase(t, fitting.map(heard)), HOUR).report, 'anomalies'),
    [],
  )
})

test('the drift report has the differences that reconcile found', t => {
  const found = {
    ...changed(disk, alice),
    source: 'reconcile',
    eventType: ownEventTypes.reconcileUnknown,
  } as const
  const { report, found: any } = reportDrift(auditDatabase(t, [created(image, bob), found]))
  t.true(any)
  t.deepEqual(
    rows(report, 'drift').map(row => [row['position'], row['resource'], row['found']]),
    [[2, disk, 'the cloud had it, the log did not know']],
  )
})

test('the drift report has the last run at each cloud, and names clouds that were never reconciled', t => {
  const run = {
    ...event({ serviceProvider: cornmeal, body: '{"as":{"sees":"project","project":"x"}}' }),
    source: 'reconcile',
    eventType: ownEventTypes.reconcileFinished,
  } as const
  const { report, found } = reportDrift(
    auditDatabase(t, [[run, hours(1)], created(image, bob, { serviceProvider: idp })]),
  )
  t.false(found)
  t.regex(report.verdict, /^0 differences found by reconciling, last at cornmeal 20\d\d-/)
  t.deepEqual(
    rows(report, 'runs').map(row => [row['service_provider'], row['result'], row['sees']]),
    [
      [cornmeal, 'complete', 'project'],
      [idp, 'never reconciled', null],
    ],
  )
  t.deepEqual(
    report.caveats.map(({ brief }) => brief),
    ['default never reconciled', 'only one project seen at cornmeal'],
  )
  t.regex(reportDrift(auditDatabase(t, [created(image, bob)])).report.verdict, /ever reconciled/)
})

test('the charts of the placement report show only what its filter allows, and how much that is', t => {
  const { charts, caveats } = reportPlacement(
    auditDatabase(t, [
      created(disk, alice, { serviceProvider: cornmeal }),
      created(image, bob, { serviceProvider: millet }),
    ]),
    { projects: [], serviceProviders: [millet], types: [], silence: HOUR, at: null },
  )
  const [heat, intervals] = charts
  t.like(heat, { kind: 'heat-map', columns: [millet], rows: [bob], counts: [[1]] })
  t.regex(heat?.note ?? '', /: one project\.$/)
  t.true(intervals?.kind === 'interval-chart')
  t.deepEqual(intervals?.kind === 'interval-chart' ? intervals.lanes.map(({ name }) => name) : [], [
    `image ${image.id}`,
  ])
  t.deepEqual(caveats, [])
})

test('every report works on an empty log', t => {
  const history = auditDatabase(t, [])
  t.deepEqual(rows(reportSummary(history, HOUR), 'resources'), [])
  t.deepEqual(rows(reportAnomalies(history, HOUR).report, 'anomalies'), [])
  t.deepEqual(rows(reportDrift(history).report, 'drift'), [])
})
