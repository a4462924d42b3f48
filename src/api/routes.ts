export interface ApiRoute {
  readonly method: 'GET' | 'POST'
  /** With `{name}` for each parameter in the path, as in OpenAPI. Other parameters are in the query, or in a JSON body. */
  readonly path: string
  /** The name of the query that answers it. */
  readonly query: string
}

/** The paths of the API. */
export const apiRoutes = [
  { method: 'GET', path: '/v1/events', query: 'events' },
  { method: 'GET', path: '/v1/events/{position}', query: 'event' },
  { method: 'GET', path: '/v1/resources', query: 'search' },
  { method: 'GET', path: '/v1/resources/{id}', query: 'resource' },
  { method: 'GET', path: '/v1/resources/{id}/history', query: 'history' },
  { method: 'GET', path: '/v1/explain', query: 'explain' },
  { method: 'POST', path: '/v1/explain', query: 'explain' },
  { method: 'GET', path: '/v1/holdings', query: 'holdings' },
  { method: 'GET', path: '/v1/holdings/history', query: 'holdingsHistory' },
  { method: 'GET', path: '/v1/conflicts', query: 'conflicts' },
  { method: 'GET', path: '/v1/activity', query: 'activity' },
  { method: 'GET', path: '/v1/log', query: 'log' },
] as const satisfies readonly ApiRoute[]
