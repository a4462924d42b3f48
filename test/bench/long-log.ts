import Database from 'better-sqlite3'
import { ownEventTypes } from '../../src/event/event.js'
import { kindCode, resourceTypeCode, sourceCode } from '../../src/event/stored.js'
import { hyphenated } from '../../src/ids.js'
import { createFilled } from '../../src/log/schema.js'

/** How many resources exist at a time. */
const ALIVE = 20_000

interface LongLog {
  readonly events: number
  /** The events of one resource: created, changed, …, deleted. With 1, all resources exist at the end. */
  readonly eventsPerResource: number
}

interface Resource {
  readonly id: Buffer
  readonly cloud: number
  readonly type: number
  project: number
  events: number
}

/**
 * Make a log of narrow rows with nothing in their payloads, thirty times as fast as by recording: three
 * clouds, and one in twenty resources given away. The identity provider was reconciled, so requests may
 * follow what the service providers say. The chain of hashes does not hold.
 */
export function makeLongLog(file: string, log: LongLog): void {
  const db = new Database(file)
  db.pragma('journal_mode = OFF')
  db.pragma('synchronous = OFF')
  createFilled(db, () => fill(db, log))
  db.pragma('journal_mode = WAL')
  db.close()
}

const eventTypes = [
  'volume.attach.end',
  'volume.create.start',
  'volume.update.end',
  'volume.transfer.accept.end',
  'volume.delete.end',
  ownEventTypes.reconcileFinished,
]

function fill(db: Database.Database, { events, eventsPerResource }: LongLog): void {
  const addNames = (table: string, names: readonly string[]) => {
    const add = db.prepare(`insert into ${table} (name) values (?)`)
    for (const name of names) add.run(name)
  }
  addNames('service_providers', ['default', 'sp1', 'sp2'])
  addNames('event_types', eventTypes)
  addNames(
    'projects',
    Array.from({ length: 200 }, (_, index) => String(index).padStart(32, 'a')),
  )
  db.exec(`insert into origins values (1, 0, 'openstack', 'notifications.info', '2.0'),
    (2, ${sourceCode('reconcile')}, '', 'image volume', 'none')`)
  db.exec(`insert into dictionaries values (1, x'00')`)
  const insert =
    db.prepare(`insert into events (position, service_provider, origin, event_type, kind,
    recorded_at, emitted_at, message_id, resource_type, resource_id, project, parent)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null)`)
  const addPayload = db.prepare("insert into payloads values (?, zeroblob(32), 1, x'0300')")
  const timeOf = (position: number) => 1_795_440_000_000_000 + position * 1_000_000
  const alive = Array.from({ length: ALIVE }, newResource)
  for (let position = 1; position < events; position += 1) {
    const index = below(ALIVE)
    const resource = alive[index] ?? newResource()
    const kind = nextKind(resource, eventsPerResource)
    const at = timeOf(position)
    insert.run(
      position,
      resource.cloud,
      1,
      kindCode(kind) + 1,
      kindCode(kind),
      at + 5_000,
      at,
      idOf(position),
      resource.type,
      resource.id,
      resource.project,
    )
    addPayload.run(position)
    if (resource.events >= eventsPerResource) alive[index] = newResource()
  }
  const at = timeOf(events)
  const reconciled = eventTypes.length
  insert.run(events, 1, 2, reconciled, kindCode('noted'), at, at, idOf(events), null, null, null)
  addPayload.run(events)
}

function nextKind(resource: Resource, eventsPerResource: number) {
  resource.events += 1
  if (resource.events === 1) return 'created'
  if (resource.events === eventsPerResource) return 'deleted'
  if (resource.events !== eventsPerResource / 2 || below(20) > 0) return 'changed'
  resource.project = 1 + below(200)
  return 'transferred'
}

let made = 0

/** 16 bytes in rising order: random ones would make SQLite write all over the file. */
function idOf(count: number): Buffer {
  const id = Buffer.alloc(16, 0x4a)
  id.writeUInt32BE(count)
  return id
}

function newResource(): Resource {
  const type = resourceTypeCode(below(2) === 0 ? 'volume' : 'image')
  made += 1
  return { id: idOf(made), cloud: 1 + below(3), type, project: 1 + below(200), events: 0 }
}

function below(limit: number): number {
  return Math.floor(Math.random() * limit)
}

/** An image that one cloud holds, according to the views of a log. */
export function findImage(viewsFile: string, cloud: string): string {
  const db = new Database(viewsFile, { readonly: true })
  const id = db
    .prepare<[number, string], string>(
      `select lower(hex(resource_id)) from locations
       where resource_type = ? and deleted_at is null
         and service_provider = (select id from service_providers where name = ?)
       limit 1 offset 1000`,
    )
    .pluck()
    .get(resourceTypeCode('image'), cloud)
  db.close()
  if (id === undefined) throw new Error(`${viewsFile}: ${cloud} holds no image`)
  return hyphenated(id)
}
