import fc from 'fast-check'
import type { Event } from '../../src/event/event.js'
import { type ResourceKey, resourceId } from '../../src/ids.js'
import { alice, at, bob, cornmeal, event, idp, millet } from '../controls.js'

/** So few that events meet. */
export const ids = ['aaaaaaaa', 'bbbbbbbb'].map(head =>
  resourceId(`${head}-0000-4000-8000-000000000000`),
)
export const types = ['volume', 'snapshot', 'image'] satisfies ResourceKey['type'][]
const kinds = ['noted', 'created', 'changed', 'transferred', 'deleted'] satisfies Event['kind'][]

/** What an event says of a resource, in any cloud; its time is for the test to choose. */
export const anyNews = fc.record({
  kind: fc.constantFrom(...kinds),
  resource: fc.record({ type: fc.constantFrom(...types), id: fc.constantFrom(...ids) }),
  serviceProvider: fc.constantFrom(idp, cornmeal, millet),
  project: fc.option(fc.constantFrom(alice, bob), { freq: 4 }),
  parent: fc.option(fc.constantFrom(...ids), { freq: 1 }),
})

/** Events that contradict one another, come late, at equal times or at none, and are of nothing now and then. */
export const anyEvents: fc.Arbitrary<Event[]> = fc
  .array(
    fc.record({
      news: anyNews,
      ofNothing: fc.integer({ min: 0, max: 9 }).map(n => n === 0),
      emittedAt: fc.option(fc.integer({ min: 1, max: 12 }).map(at), { freq: 9 }),
    }),
    { minLength: 1, maxLength: 25 },
  )
  .map(all =>
    all.map(({ news, ofNothing, emittedAt }) =>
      event({ ...news, emittedAt, ...(ofNothing && { resource: null }) }),
    ),
  )
