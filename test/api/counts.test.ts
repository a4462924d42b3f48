import { randomUUID } from 'node:crypto'
import test from 'ava'
import { type Event, ownEventTypes } from '../../src/event/event.js'
import { createOwnEvent } from '../../src/event/own-event.js'
import { formatTime } from '../../src/event/time.js'
import { resourceId } from '../../src/ids.js'
import { openLog } from '../../src/log/open-log.js'
import { openViews } from '../../src/projection/open-views.js'
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
  idp,
  image,
  millet,
} from '../controls.js'
import { aliceReads, given, whole } from './asking.js'

/** The views of the log of a query. */
function buildViewsOf({ logFile }: { logFile: string }) {
  openViews(viewsFileOf(logFile), [logFile]).views[Symbol.dispose]()
}

test('holdings count what each cloud holds now and held at a moment, by type and project', async t => {
  const ask = given(t, [
    created(disk, alice, { emittedAt: at(10) }),
    created(image, bob, { emittedAt: at(20), serviceProvider: millet }),
    deleted(disk, { emittedAt: at(30) }),
  ])
  buildViewsOf(ask)
  const now = await whole(() => ask('holdings', {}))
  const imageOfBob = { service_provider: 'millet', type: 'image', project: bob, resources: 1 }
  t.deepEqual([now.position, now.holdings], [3, [imageOfBob]])
  const then = await whole(() => ask('holdings', { at: formatTime(at(25)) }))
  const diskOfAlice = { service_provider: 'cornmeal', type: 'volume', project: alice, resources: 1 }
  t.deepEqual(then.holdings.toSorted(byType), [imageOfBob, diskOfAlice])
  const own = await whole(() => ask('holdings', { at: formatTime(at(25)) }, aliceReads))
  t.deepEqual(own.holdings, [diskOfAlice])
  const filtered = await whole(() => ask('holdings', { cloud: 'millet', type: 'volume' }))
  t.deepEqual(filtered.holdings, [])
})

const byType = (one: { type: string }, other: { type: string }) => (one.type < other.type ? -1 : 1)

function appendAll(logFile: string, events: readonly Event[]) {
  using log = openLog(logFile)
  log.append(events, at(1000))
}

test('the counts of more resources than fit into one step are complete', async t => {
  const resources = Array.from({ length: 12_000 }, () =>
    created({ type: 'volume', id: resourceId(randomUUID()) }, alice),
  )
  const ask = given(t, [])
  appendAll(ask.logFile, resources)
  buildViewsOf(ask)
  const { holdings } = await whole(() => ask('holdings', {}))
  t.is(holdings[0]?.resources, 12_000)
})

test('without views the counts are not available, and the answer says why', async t => {
  const ask = given(t, [created(disk, alice)])
  await t.throwsAsync(
    whole(() => ask('holdings', {})),
    { code: 'VIEWS_UNAVAILABLE', message: /Try again/ },
  )
})

test('conflicts name the clouds that claim one id, to a reader only for its own resources', async t => {
  const ask = given(t, [
    created(disk, alice),
    created(disk, bob, { serviceProvider: millet }),
    created(image, bob, { serviceProvider: millet }),
    created(image, bob, { serviceProvider: idp }),
  ])
  buildViewsOf(ask)
  const all = await whole(() => ask('conflicts', {}))
  t.is(all.count, 2)
  t.deepEqual(all.conflicts, [
    { resource: image, service_providers: ['millet', 'default'] },
    { resource: disk, service_providers: ['cornmeal', 'millet'] },
  ])
  const own = await whole(() => ask('conflicts', {}, aliceReads))
  t.deepEqual([own.count, own.conflicts.map(({ resource }) => resource)], [null, [disk]])
})

test('activity counts the events of each cloud, but not for a reader, and names silences and gaps', async t => {
  const lost = createOwnEvent({
    serviceProvider: cornmeal,
    source: 'recorder',
    eventType: ownEventTypes.busLost,
    emittedAt: null,
    body: {},
  })
  const ask = given(t, [event(), event({ serviceProvider: millet }), lost])
  const answer = await whole(() => ask('activity', { since: '1' }))
  t.deepEqual(
    answer.clouds.map(({ service_provider, events }) => [service_provider, events]),
    [
      ['cornmeal', 2],
      ['millet', 1],
    ],
  )
  t.like(answer.gaps[0], { service_provider: 'cornmeal', position: 3, until: null })
  t.deepEqual(answer.silences, [])
  const own = await whole(() => ask('activity', { since: '1' }, aliceReads))
  t.like(own, { gaps: answer.gaps, silences: answer.silences })
  t.deepEqual(
    own.clouds.map(({ events, unparseable, activity }) => [events, unparseable, activity]),
    [
      [null, null, null],
      [null, null, null],
    ],
  )
  const part = await whole(() => ask('activity', { since: '2', until: '2' }))
  t.deepEqual(
    part.clouds.map(({ service_provider }) => service_provider),
    ['millet'],
  )
})
