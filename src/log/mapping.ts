import { statSync } from 'node:fs'
import Database from 'better-sqlite3'
import * as z from 'zod'
import { MixmatchError } from '../errors.js'
import { type Event, ownEventTypes } from '../event/event.js'
import { createOwnEvent } from '../event/own-event.js'
import {
  isUuid,
  type Micros,
  micros,
  projectId,
  type ResourceType,
  resourceId,
  type SpName,
  spName,
} from '../ids.js'

/**
 * The resource locations of the Python mixmatch, as events: the rows of its table `resource_mapping`,
 * in its SQLite file or in a SQLite copy of its MySQL database (docs/migration.md).
 *
 * The table has no times. Its rows were true when the file was last written, so that is the time of
 * the events. Later events in our own log override them, and a deletion always does. The message id
 * of a row is always the same, so a second import adds nothing. If two rows are about one resource,
 * the first one counts, as in the Python mixmatch.
 *
 * @param cloudOf maps the `sp_name` in a row to its cloud
 * @throws IMPORT_REFUSED if the file is no such database, or mixmatch would not write such a row
 */
export async function* eventsInMapping(
  file: string,
  cloudOf: (spName: string) => SpName = spName,
): AsyncGenerator<Event> {
  const writtenAt = micros(Math.floor(statSync(file).mtimeMs) * 1000)
  const db = new Database(file, { readonly: true })
  try {
    for (const row of rowsOf(db, file)) yield eventOf(row, { writtenAt, file, cloudOf })
  } finally {
    db.close()
  }
}

const COLUMNS = 'id, resource_type, resource_id, resource_sp, project_id'

function rowsOf(db: Database.Database, file: string): IterableIterator<unknown> {
  try {
    return db.prepare(`select ${COLUMNS} from resource_mapping order by rowid`).iterate()
  } catch (cause) {
    const message = `${file}: expected a SQLite file with the table resource_mapping (${COLUMNS}), found: ${
      cause instanceof Error ? cause.message : cause
    }.`
    throw new MixmatchError('IMPORT_REFUSED', message, { cause })
  }
}

/** The Python mixmatch stored the plural from the request path as resource type. */
const types: Readonly<Record<'images' | 'volumes' | 'snapshots', ResourceType>> = {
  images: 'image',
  volumes: 'volume',
  snapshots: 'snapshot',
}

const mapping = z.object({
  id: z.union([z.number(), z.string()]),
  resource_type: z.enum(['images', 'volumes', 'snapshots']),
  resource_id: z.string().refine(isUuid, 'expected a UUID').transform(resourceId),
  resource_sp: z.string().min(1),
  project_id: z
    .string()
    .nullable()
    .transform(text => (text ? projectId(text) : null)),
})

interface Source {
  readonly file: string
  readonly writtenAt: Micros
  readonly cloudOf: (spName: string) => SpName
}

function eventOf(row: unknown, { file, writtenAt, cloudOf }: Source): Event {
  const parsed = mapping.safeParse(row)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const where = `${file}: resource_mapping ${JSON.stringify(row)}`
    const message = `${where}: ${issue?.path.join('.')}: ${issue?.message}. Mend or delete the row.`
    throw new MixmatchError('IMPORT_REFUSED', message)
  }
  const { resource_type, resource_id, resource_sp, project_id } = parsed.data
  const resource = { type: types[resource_type], id: resource_id }
  return createOwnEvent({
    serviceProvider: cloudOf(resource_sp),
    source: 'import',
    messageId: `mixmatch-db ${resource.type} ${resource.id}`,
    eventType: ownEventTypes.mappingImported,
    kind: 'changed',
    emittedAt: writtenAt,
    resource,
    project: project_id,
    body: row,
  })
}
