import { type BackgroundReads, createBackgroundReads, createSchedule } from './background-reads.js'
import type { CloudActivity } from './cloud-activity.js'
import type { Holdings, PastHoldings } from './holdings.js'
import type { HoldingsHistory } from './holdings-history.js'

/** The long reads of the process that runs queries. */
export interface Background {
  readonly holdings: BackgroundReads<Holdings>
  readonly pastHoldings: BackgroundReads<PastHoldings>
  readonly holdingsHistory: BackgroundReads<HoldingsHistory>
  readonly activity: BackgroundReads<CloudActivity>
}

export function createBackground(schedule = createSchedule()): Background {
  return {
    holdings: createBackgroundReads(schedule),
    pastHoldings: createBackgroundReads(schedule),
    holdingsHistory: createBackgroundReads(schedule),
    activity: createBackgroundReads(schedule),
  }
}
