import test from 'ava'
import { kindCode } from '../../src/event/stored.js'
import {
  foldPlacements,
  type ResourceEvent,
  TRANSFERRED_WITH_PARENT,
} from '../../src/projection/placement-intervals.js'

const CREATED = kindCode('created')
const CHANGED = kindCode('changed')
const TRANSFERRED = kindCode('transferred')
const DELETED = kindCode('deleted')
const [ALICE, BOB] = [1, 2]

/** Owner, position of its beginning, and position of its end; null while it lasts. */
type Interval = readonly [owner: number | null, from: number, to: number | null]

const stories: readonly {
  readonly title: string
  readonly events: readonly ResourceEvent[]
  readonly placements: readonly Interval[]
}[] = [
  {
    title: 'a resource belongs to each owner from its transfer to the next one',
    events: [
      [10, 1, CREATED, ALICE],
      [20, 2, TRANSFERRED, BOB],
      [30, 3, DELETED, BOB],
    ],
    placements: [
      [ALICE, 1, 2],
      [BOB, 2, 3],
    ],
  },
  {
    title: 'events that were recorded late count at their own time',
    events: [
      [20, 1, TRANSFERRED, BOB],
      [10, 2, CREATED, ALICE],
    ],
    placements: [
      [ALICE, 2, 1],
      [BOB, 1, null],
    ],
  },
  {
    title: 'a deletion is last among events of the same time, whenever it was recorded',
    events: [
      [10, 1, DELETED, ALICE],
      [10, 2, CREATED, ALICE],
    ],
    placements: [[ALICE, 2, 1]],
  },
  {
    title: 'events of the same time count in the order of their recording',
    events: [
      [10, 2, TRANSFERRED, BOB],
      [10, 1, CREATED, ALICE],
    ],
    placements: [
      [ALICE, 1, 2],
      [BOB, 2, null],
    ],
  },
  {
    title:
      'a transfer of the parent is first among events of the same time, so it gives nothing to a new child',
    events: [
      [10, 1, CREATED, ALICE],
      [10, 2, TRANSFERRED_WITH_PARENT, BOB],
    ],
    placements: [[ALICE, 1, null]],
  },
  {
    title: 'a transfer of the parent gives an existing child to the new owner',
    events: [
      [10, 1, CREATED, ALICE],
      [20, 2, TRANSFERRED_WITH_PARENT, BOB],
    ],
    placements: [
      [ALICE, 1, 2],
      [BOB, 2, null],
    ],
  },
  {
    title: 'an owner that becomes known in the same moment is the owner from the beginning',
    events: [
      [10, 1, CREATED, null],
      [10, 2, CHANGED, ALICE],
    ],
    placements: [[ALICE, 1, null]],
  },
  {
    title: 'an owner that becomes known later is unknown until then',
    events: [
      [10, 1, CREATED, null],
      [20, 2, CHANGED, ALICE],
    ],
    placements: [
      [null, 1, 2],
      [ALICE, 2, null],
    ],
  },
  {
    title: 'an update does not restore a deleted resource, and a creation does',
    events: [
      [10, 1, CREATED, ALICE],
      [20, 2, DELETED, ALICE],
      [30, 3, CHANGED, ALICE],
      [40, 4, CREATED, BOB],
    ],
    placements: [
      [ALICE, 1, 2],
      [BOB, 4, null],
    ],
  },
  {
    title: 'a resource of which only the deletions are known was there for no time',
    events: [
      [10, 1, DELETED, ALICE],
      [20, 2, DELETED, ALICE],
    ],
    placements: [[ALICE, 1, 1]],
  },
]

for (const { title, events, placements } of stories) {
  test(title, t => {
    const folded = foldPlacements([...events])
    t.deepEqual(
      folded.map(({ owner, from, to }) => [owner, from.position, to?.position ?? null]),
      placements.map(interval => [...interval]),
    )
  })
}
