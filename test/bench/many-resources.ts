import { existsSync } from 'node:fs'
import { deflateRawSync } from 'node:zlib'
import Database from 'better-sqlite3'
import { kindCode, resourceTypeCode, sourceCode } from '../../src/event/stored.js'
import { WINDOW_BITS } from '../../src/log/compress-payload.js'
import { dictionary } from '../../src/log/dictionary.js'
import { createFilled } from '../../src/log/schema.js'
import { buildViews } from '../../src/projection/build.js'
import { viewsFileOf } from '../../src/projection/views-file.js'

/** Clouds and projects of the resources. */
const clouds = ['default', 'sp1', 'sp2']
const PROJECTS = 1_000

/**
 * Make a log with one event for each of many resources, and its views. The rows are written by SQL, which is a
 * hundred times faster than to record them; they have no chain.
 */
export function makeManyResources(file: string, resources: number): void {
  if (!existsSync(file)) fillLog(file, resources)
  if (!existsSync(viewsFileOf(file))) buildViews(viewsFileOf(file), [file])
}

function fillLog(file: string, resources: number): void {
  const db = new Database(file)
  db.pragma('journal_mode = OFF')
  db.pragma('synchronous = OFF')
  db.pragma('cache_size = -2000000')
  createFilled(db, () => {
    const indexes = db
      .prepare<[], { name: string; sql: string }>(
        `select name, sql from sqlite_schema where type = 'index' and sql is not null`,
      )
      .all()
    for (const { name } of indexes) db.exec(`drop index ${name}`)
    for (const name of clouds)
      db.prepare('insert into service_providers (name) values (?)').run(name)
    db.exec(`
      insert into event_types (name) values ('volume.create.end');
      insert into origins (source, exchange, routing_key, envelope)
        values (${sourceCode('bus')}, 'openstack', 'notifications.info', '2.0');
      insert into projects (name)
        with recursive n(i) as (select 1 union all select i + 1 from n where i < ${PROJECTS})
        select printf('%032x', i) from n;
      insert into events (position, service_provider, origin, event_type, kind, recorded_at,
          emitted_at, message_id, resource_type, resource_id, project)
        with recursive n(i) as (select 1 union all select i + 1 from n where i < ${resources})
        select i, 1 + i % ${clouds.length}, 1, 1, ${kindCode('created')}, 1795440000000000 + i * 1000,
          1795440000000000 + i * 1000, randomblob(16), ${resourceTypeCode('volume')},
          randomblob(16), 1 + abs(random()) % ${PROJECTS} from n;
    `)
    for (const { sql } of indexes) db.exec(sql)
    const text = '{"event_type":"volume.create.end","payload":{"display_name":"data"}}'
    const body = deflateRawSync(text, { windowBits: WINDOW_BITS, dictionary })
    db.prepare('insert into dictionaries (id, bytes) values (1, ?)').run(dictionary)
    db.prepare(
      `insert into payloads (position, hash, dictionary, body)
       select position, randomblob(32), 1, ? from events`,
    ).run(body)
  })
  db.close()
}
