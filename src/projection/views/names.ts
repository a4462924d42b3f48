import type { Projection } from '../projection.js'

/** The numbers of clouds and projects in the log, so that views can be read without the log. */
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
  // Nothing to compare: the log may already have numbers from events that are not applied yet.
  rows: 'select json_array(id, name) from service_providers where false',
}
