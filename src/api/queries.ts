import * as z from 'zod'
import { activityQuery } from './activity-query.js'
import { eventQuery, eventsQuery } from './events-query.js'
import { explainQuery } from './explain-query.js'
import { holdingsHistoryQuery } from './holdings-history-query.js'
import { conflictsQuery, holdingsQuery } from './holdings-queries.js'
import { logQuery } from './log-query.js'
import { describeApi } from './openapi.js'
import { defineQuery, type Query } from './query.js'
import { historyQuery, resourceQuery } from './resource-queries.js'
import { apiRoutes } from './routes.js'
import { searchQuery } from './search-query.js'

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

const openApiQuery = defineQuery({
  summary: 'The description of the API, in the form of OpenAPI 3.1.',
  parameters: z.strictObject({}),
  answer: z.record(z.string(), z.unknown()),
  run: () => describeApi(apiRoutes, ({ query }) => table[query]),
})

const all = { ...table, openApi: openApiQuery } as const

/** The answer of each query. */
export type Answers = {
  readonly [Name in keyof typeof all]: z.output<(typeof all)[Name]['answer']>
}

export type QueryName = keyof Answers

/** All queries, by name. */
export const queries: { readonly [Name in QueryName]: Query<Answers[Name]> } = all
