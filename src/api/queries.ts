import type { z } from 'zod'
import { activityQuery } from './activity-query.js'
import { eventQuery, eventsQuery } from './events-query.js'
import { explainQuery } from './explain-query.js'
import { holdingsHistoryQuery } from './holdings-history-query.js'
import { conflictsQuery, holdingsQuery } from './holdings-queries.js'
import { logQuery } from './log-query.js'
import type { Query } from './query.js'
import { historyQuery, resourceQuery, searchQuery } from './resource-queries.js'

const table = {
  events: eventsQuery,
  event: eventQuery,
  search: searchQuery,
  resource: resourceQuery,
  history: historyQuery,
  explain: explainQuery,
  holdings: holdingsQuery,
  holdingsHistory: holdingsHistoryQuery,
  conflicts: conflictsQuery,
  activity: activityQuery,
  log: logQuery,
} as const

/** The answer of each query. */
export type Answers = {
  readonly [Name in keyof typeof table]: z.output<(typeof table)[Name]['answer']>
}

export type QueryName = keyof Answers

/** All queries, by name. */
export const queries: { readonly [Name in QueryName]: Query<Answers[Name]> } = table
