import type { Database } from 'better-sqlite3'
import { ownEventTypes } from '../event/event.js'
import { sourceCode } from '../event/stored.js'
import type { SpName } from '../ids.js'
import type { Projection } from './projection.js'

/**
 * What each cloud's bus has told us: how much, and when last; and which exchanges were seen there
 * with which durability, so that one that a broker lost can be declared as it was.
 */
export const sources: Projection = {
  name: 'sources',
  version: 1,
  tables: {
    sources: `(
      service_provider integer primary key,
      events integer not null,
      last_position integer not null,
      recorded_at integer not null,
      emitted_at integer
    ) strict`,
    exchanges: `(
      service_provider integer not null,
      exchange text not null,
      durable integer not null,
      position integer not null,
      primary key (service_provider, exchange)
    ) strict, without rowid`,
  },
  prepare(db) {
    const inStretch = 'e.position > :after and e.position <= :upTo'
    // A walk for each of the few clouds takes less than sorting all events by their cloud.
    const count = db.prepare(`
      insert into sources as known
      select sp.id, count(*), max(e.position), max(e.recorded_at), max(e.emitted_at)
      from log.service_providers sp cross join log.events e not indexed
      where e.service_provider = sp.id and ${inStretch}
        and e.origin in (select id from log.origins where source = ${sourceCode('bus')})
      group by sp.id
      on conflict (service_provider) do update set
        events = known.events + excluded.events,
        last_position = max(known.last_position, excluded.last_position),
        recorded_at = max(known.recorded_at, excluded.recorded_at),
        emitted_at = max(ifnull(known.emitted_at, excluded.emitted_at),
          ifnull(excluded.emitted_at, known.emitted_at))`)
    const declare = db.prepare(`
      insert into exchanges as known
      select e.service_provider, o.exchange, t.name = '${ownEventTypes.exchangeDurable}', e.position
      from log.events e
      join log.event_types t on t.id = e.event_type
      join log.origins o on o.id = e.origin
      where ${inStretch} and o.source = ${sourceCode('recorder')}
        and t.name in ('${ownEventTypes.exchangeDurable}', '${ownEventTypes.exchangeTransient}')
      order by e.position
      on conflict (service_provider, exchange) do update set
        durable = excluded.durable, position = excluded.position
        where excluded.position > known.position`)
    return stretch => {
      count.run(stretch)
      declare.run(stretch)
    }
  },
  rows: `
    select json_array(sp.name, s.events, s.last_position, s.recorded_at, s.emitted_at,
      (select json_group_array(json_array(exchange, durable)) from
        (select exchange, durable from exchanges x where x.service_provider = s.service_provider
          order by exchange)))
    from sources s join service_providers sp on sp.id = s.service_provider order by 1`,
}

/** An exchange as it was when it was last seen. */
export interface KnownExchange {
  readonly name: string
  readonly durable: boolean
}

/** The exchanges that were seen at a cloud. */
export function knownExchanges(db: Database, serviceProvider: SpName): KnownExchange[] {
  return db
    .prepare<[string], { exchange: string; durable: number }>(
      `select exchange, durable from exchanges x
      join service_providers sp on sp.id = x.service_provider where sp.name = ? order by exchange`,
    )
    .all(serviceProvider)
    .map(({ exchange, durable }) => ({ name: exchange, durable: durable === 1 }))
}
