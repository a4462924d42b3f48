import fc from 'fast-check'
import type { Event } from '../../src/event/event.js'
import { micros, type ResourceKey, resourceId } from '../../src/ids.js'
import { alice, at, bob, cornmeal, event, idp, millet } from '../controls.js'

/** Few ids, so that several events are about one resource. */
export const ids = ['aaaaaaaa', 'bbbbbbbb'].map(head =>
  resourceId(`${head}-0000-4000-8000-000000000000`),
)
const [volume = resourceId('none')] = ids
export const types = ['volume', 'snapshot', 'image'] satisfies ResourceKey['type'][]
const kinds = ['noted', 'created', 'changed', 'transferred', 'deleted'] satisfies Event['kind'][]

/** An event about a resource at any cloud. The test chooses its time. */
export const anyNews = fc.record({
  kind: fc.constantFrom(...kinds),
  resource: fc.record({ type: fc.constantFrom(...types), id: fc.constantFrom(...ids) }),
  serviceProvider: fc.constantFrom(idp, cornmeal, millet),
  project: fc.option(fc.constantFrom(alice, bob), { freq: 4 }),
  parent: fc.option(fc.constantFrom(...ids), { freq: 1 }),
})

/** Few times, so that events have equal ones. Some are before 1970. */
const anyTime = fc
  .integer({ min: -2, max: 10 })
  .map(seconds => (seconds < 1 ? micros(seconds * 1e6) : at(seconds)))

/** Events that contradict one another, are late, have equal times or no time. Some are about no resource. */
export const anyEvents = eventsOf(anyNews, { minLength: 1, maxLength: 25 })

/** Events about one volume and one snapshot of it at one cloud, so that each has many. */
export const anyEventsOfFew = eventsOf(
  fc
    .record({
      kind: fc.constantFrom(...kinds),
      child: fc.integer({ min: 0, max: 3 }).map(n => n === 0),
      project: fc.option(fc.constantFrom(alice, bob), { freq: 9 }),
    })
    .map(({ kind, child, project }) => ({
      ...{ kind, project, serviceProvider: idp },
      resource: { type: child ? ('snapshot' as const) : ('volume' as const), id: volume },
      parent: child ? volume : null,
    })),
  { minLength: 2, maxLength: 9 },
)

function eventsOf(
  news: fc.Arbitrary<Partial<Event>>,
  constraints: fc.ArrayConstraints,
): fc.Arbitrary<Event[]> {
  return fc
    .array(
      fc.record({
        news,
        ofNothing: fc.integer({ min: 0, max: 9 }).map(n => n === 0),
        emittedAt: fc.option(anyTime, { freq: 9 }),
      }),
      constraints,
    )
    .map(all =>
      all.map(({ news, ofNothing, emittedAt }) =>
        event({ ...news, emittedAt, ...(ofNothing && { resource: null }) }),
      ),
    )
}
