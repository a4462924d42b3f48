import { type Position, position, type SpName } from '../ids.js'
import type { LogReader } from './event-log.js'

/**
 * Find the events of one type at one cloud.
 *
 * @param after search only later positions
 * @returns their positions, newest first
 */
export function findEvents(
  log: LogReader,
  cloud: SpName,
  eventType: string,
  after: Position,
): readonly Position[] {
  return log.db
    .prepare<[string, string, number], number>(
      `select position from events
      where service_provider = (select id from service_providers where name = ?)
        and event_type = (select id from event_types where name = ?) and position > ?
      order by position desc`,
    )
    .pluck()
    .all(cloud, eventType, after)
    .map(position)
}
