import { join } from 'node:path'
import test from 'ava'
import { type Event, ownEventTypes } from '../../src/event/event.js'
import { type ProjectId, position, type ResourceKey } from '../../src/ids.js'
import { openLog } from '../../src/log/open-log.js'
import { toEvent } from '../../src/observation/observation.js'
import { buildViews } from '../../src/projection/build.js'
import { openLocations } from '../../src/projection/locate.js'
import { openViews } from '../../src/projection/open-views.js'
import { evidenceAt } from '../../src/replay/past-locations.js'
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
  idp,
  image,
} from '../controls.js'

function learned(
  what: 'absent' | 'found',
  resource: ResourceKey,
  project: ProjectId | null = alice,
): Event {
  return toEvent({
    learned: what,
    serviceProvider: idp,
    resource,
    project,
    parent: null,
    observedAt: at(1),
    requestId: 'req-1',
  })
}

const noted = (eventType: string, fields: Partial<Event>) =>
  event({ serviceProvider: idp, eventType, ...fields })
const wire = { exchange: '', routingKey: 'volume image', envelope: 'none' } as const
const listed = noted(ownEventTypes.reconcileIncomplete, { source: 'reconcile', wire })
const gap = noted(ownEventTypes.queueDeclared, { source: 'recorder' })
const everybody = { serviceProvider: idp, project: null }
const forAlice = { serviceProvider: idp, project: alice }

/** Events by title, and the expected evidence about the image after them. */
const stories: Record<string, { events: Event[]; expected: object }> = {
  'a response 404 to a read is evidence for the project of the request': {
    events: [created(image, bob), learned('absent', image), learned('absent', disk, bob)],
    expected: { absent: [forAlice], found: [], imported: [] },
  },
  'a complete list is evidence for all projects': {
    events: [listed, created(image, bob)],
    expected: { absent: [everybody], found: [], imported: [] },
  },
  'a complete list of other types is no evidence': {
    events: [{ ...listed, wire: { ...wire, routingKey: 'volume' } }],
    expected: { absent: [], found: [], imported: [] },
  },
  'a complete list with which a reconcile finished is evidence, too': {
    events: [{ ...listed, eventType: 'mixmatch.reconcile.finished' }],
    expected: { absent: [everybody], found: [], imported: [] },
  },
  ...Object.fromEntries(
    ['queue.declared', 'exchange.redeclared', 'exchange.durable', 'exchange.transient'].map(
      type => [
        `a list is no evidence after mixmatch.${type}: notifications may have been lost before it`,
        {
          events: [listed, { ...gap, eventType: `mixmatch.${type}` }],
          expected: { absent: [], found: [], imported: [] },
        },
      ],
    ),
  ),
  'a list stays evidence if notifications of another cloud may have been lost, or a cloud says so':
    {
      events: [
        listed,
        { ...gap, serviceProvider: cornmeal },
        { ...gap, messageId: 'x', source: 'bus' },
      ],
      expected: { absent: [everybody], found: [], imported: [] },
    },
  'a response with the resource shows that the cloud holds it': {
    events: [learned('found', image), learned('found', disk)],
    expected: { absent: [], found: [idp], imported: [] },
  },
  'a response 404 to a request of no project is no evidence': {
    events: [learned('absent', image, null)],
    expected: { absent: [], found: [], imported: [] },
  },
  'a list after a possible loss of notifications is evidence': {
    events: [listed, gap, { ...listed, messageId: 'later' }],
    expected: { absent: [everybody], found: [], imported: [] },
  },
  'a deletion is evidence for all projects': {
    events: [
      created(image, bob, { serviceProvider: idp }),
      deleted(image, { serviceProvider: idp }),
    ],
    expected: { absent: [everybody], found: [], imported: [] },
  },
  'an import of the operator is kept separate from notifications of clouds': {
    events: [
      event({
        eventType: ownEventTypes.mappingImported,
        source: 'import',
        kind: 'changed',
        resource: image,
      }),
    ],
    expected: { absent: [], found: [], imported: [cornmeal] },
  },
  'events from a bus with the names of our own events are no evidence': {
    events: [
      { ...learned('absent', image), source: 'bus' },
      { ...listed, source: 'bus' },
      event({ eventType: ownEventTypes.mappingImported, resource: image, project: alice }),
    ],
    expected: { absent: [], found: [], imported: [] },
  },
}

for (const [title, { events, expected }] of Object.entries(stories)) {
  test(`evidence about an image: ${title}`, async t => {
    const path = folder(t)
    using log = openLog(join(path, 'events.db'))
    const { views } = openViews(join(path, 'live.db'), [log.file])
    using live = views
    for (const each of events) {
      log.append([each], at(9))
      live.catchUp()
    }
    const rebuilt = join(path, 'rebuilt.db')
    buildViews(rebuilt, [log.file])
    for (const file of [join(path, 'live.db'), rebuilt]) {
      using locations = openLocations(file, log.file)
      t.deepEqual(locations.evidence('image', image.id), expected)
    }
    t.deepEqual(evidenceAt(log, position(events.length))('image', image.id), expected)
    t.deepEqual(evidenceAt(log, position(0))('image', image.id), {
      absent: [],
      found: [],
      imported: [],
    })
  })
}
