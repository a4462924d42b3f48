import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Event } from '../../src/event/event.js'
import { micros, resourceId } from '../../src/ids.js'
import { openLog } from '../../src/log/open-log.js'
import { openViews } from '../../src/projection/open-views.js'
import { alice, at, bob, disk, event } from '../controls.js'
import type { Growing } from '../growth.js'

/** As many as a recorder takes at once. */
const BATCH = 250
const CHARACTERS_OF_AN_EVENT = 50

const idOf = (index: number) =>
  resourceId(`${index.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`)
const volumeAt = (second: number, fields: Partial<Event>) =>
  event({ resource: disk, project: alice, emittedAt: at(second), ...fields })
const owner = (index: number) => (index % 2 === 0 ? alice : bob)
const eachOf = (count: number, make: (index: number) => Event) =>
  Array.from({ length: count }, (_, index) => make(index))

/** Histories that try to make the views slow, each of any length. */
const histories: Readonly<Record<string, (count: number) => Event[]>> = {
  'many volumes': count =>
    eachOf(count, index =>
      volumeAt(index, { kind: 'created', resource: { type: 'volume', id: idOf(index) } }),
    ),
  'a volume that is changed again and again': count =>
    eachOf(count, index => volumeAt(index, { kind: 'changed' })),
  'a volume that is created and deleted again and again': count =>
    eachOf(count, index => volumeAt(index, { kind: index % 2 === 0 ? 'created' : 'deleted' })),
  'a volume whose newest events come first': count =>
    eachOf(count, index =>
      volumeAt(count - index, { kind: index % 2 === 0 ? 'created' : 'deleted' }),
    ),
  'a volume with all events at one time': count =>
    eachOf(count, index => volumeAt(1, { kind: 'changed', project: owner(index) })),
  'a volume with many snapshots and many transfers': count =>
    eachOf(count, index =>
      index < count / 2
        ? volumeAt(index, {
            kind: 'created',
            resource: { type: 'snapshot', id: idOf(index) },
            parent: disk.id,
          })
        : volumeAt(index, { kind: 'transferred', project: owner(index) }),
    ),
  'events without a time': count => eachOf(count, () => volumeAt(0, { emittedAt: null })),
  'events at the ends of time': count =>
    eachOf(count, index =>
      volumeAt(0, { kind: 'changed', emittedAt: micros(index % 2 === 0 ? -9e15 : 9e15) }),
    ),
}

/** What a recorder does with these histories: append, and bring the views up to date, batch by batch. */
export const hostileHistories: readonly Growing<readonly Event[]>[] = Object.entries(histories).map(
  ([name, make]) => ({
    name,
    make: size => make(Math.floor(size / CHARACTERS_OF_AN_EVENT)),
    run: record,
  }),
)

function record(events: readonly Event[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'mixmatch-growth-'))
  try {
    using log = openLog(join(folder, 'events.db'))
    const { views } = openViews(join(folder, 'views.db'), [log.file])
    using _views = views
    for (let start = 0; start < events.length; start += BATCH) {
      log.append(events.slice(start, start + BATCH), at(0))
      views.catchUp()
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
