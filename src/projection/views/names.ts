import type { Projection } from '../projection.js'

/** The log's numbers for clouds and projects, so that a view can be read with no log at hand. */
export const names: Projection = {
  name: 'names',
  version: 1,
  tables: {
    service_providers: '(id integer primary key, name text not null) strict',
    projects: '(id integer primary key, name text not null) strict',
  },
  prepare(db) {
    const copies = ['service_providers', 'projects'].map(table =>
      db.prepare(`insert into ${table}
        select id, name from log.${table} where id > (select ifnull(max(id), 0) from ${table})`),
    )
    return () => {
      for (const copy of copies) copy.run()
    }
  },
  // Numbers are given when a word is first seen, also in an event that is not applied yet.
  rows: 'select json_array(id, name) from service_providers where false',
}
