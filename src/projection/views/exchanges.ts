import type { Database } from 'better-sqlite3'
import { ownEventTypes } from '../../event/event.js'
import { kindCode, sourceCode } from '../../event/stored.js'
import type { SpName } from '../../ids.js'
import type { Projection } from '../projection.js'

/**
 * The exchanges that were seen on the buses of each cloud, and their durability. If a broker lost one, it
 * is declared again with the same durability.
 */
export const exchanges: Projection = {
  name: 'exchanges',
  version: 2,
  tables: {
    exchanges: `(
      service_provider integer not null,
      bus text not null,
      exchange text not null,
      durable integer not null,
      position integer not null,
      primary key (service_provider, bus, exchange)
    ) strict, without rowid`,
  },
  prepare(db) {
    const { exchangeDurable, exchangeTransient } = ownEventTypes
    const declare = db.prepare(`
      insert into exchanges as known
      select e.service_provider, o.routing_key, o.exchange, t.name = '${exchangeDurable}', e.position
      from log.events e
      join log.event_types t on t.id = e.event_type
      join log.origins o on o.id = e.origin
      where e.position > :after and e.position <= :upTo
        and e.kind = ${kindCode('noted')} and e.event_type in (select id from log.event_types
          where name in ('${exchangeDurable}', '${exchangeTransient}'))
        and o.source = ${sourceCode('recorder')}
      order by e.position
      on conflict (service_provider, bus, exchange) do update set
        durable = excluded.durable, position = excluded.position
        where excluded.position > known.position`)
    return ({ after, upTo }) => {
      declare.run({ after, upTo })
    }
  },
  rows: `
    select json_array(sp.name, x.bus, x.exchange, x.durable)
    from exchanges x join service_providers sp on sp.id = x.service_provider order by 1`,
}

/** An exchange with its last seen properties. */
export interface KnownExchange {
  /** The bus of its cloud; empty if the cloud has only one. */
  readonly bus: string
  readonly name: string
  readonly durable: boolean
}

/** The exchanges that were seen at a cloud. */
export function knownExchanges(db: Database, serviceProvider: SpName): KnownExchange[] {
  return db
    .prepare<[string], { bus: string; exchange: string; durable: number }>(
      `select bus, exchange, durable from exchanges x
      join service_providers sp on sp.id = x.service_provider where sp.name = ? order by bus, exchange`,
    )
    .all(serviceProvider)
    .map(({ bus, exchange, durable }) => ({ bus, name: exchange, durable: durable === 1 }))
}
