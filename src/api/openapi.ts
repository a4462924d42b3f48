import * as z from 'zod'
import { version } from '../version.js'
import { cloudsShape } from './cloud-status.js'
import type { Query } from './query.js'
import type { ApiRoute } from './routes.js'

/** What the description needs of a query. */
type DescribedQuery = Pick<Query<unknown>, 'summary' | 'parameters' | 'answer'>

/** The parts of JSON Schema that are read here. */
const objectSchema = z.looseObject({
  properties: z.record(z.string(), z.looseObject({ type: z.unknown().optional() })).default({}),
  required: z.array(z.string()).default([]),
})

const errorShape = z.object({
  error: z.object({ code: z.number().int(), title: z.string(), message: z.string() }),
})

/**
 * Describe the read API as an OpenAPI 3.1 document.
 *
 * @param queryOf the query of a route
 */
export function describeApi<Route extends ApiRoute>(
  routes: readonly Route[],
  queryOf: (route: Route) => DescribedQuery,
): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {}
  const add = (path: string, method: string, operation: object) => {
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation }
  }
  for (const route of routes) add(route.path, route.method, describeRoute(route, queryOf(route)))
  add('/v1/clouds', 'GET', {
    operationId: 'clouds',
    summary:
      'The state of each cloud at this moment: its buses, how far behind they are, its breaker.',
    responses: { 200: jsonResponse('The clouds', cloudsShape), ...failures },
  })
  const events = routes.find(({ path }) => path === '/v1/events')
  if (events) add('/v1/events/stream', 'GET', describeStream(queryOf(events)))
  return {
    openapi: '3.1.0',
    info: {
      title: 'Mixmatch, the read API of the port for operators',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      securitySchemes: { token: { type: 'apiKey', in: 'header', name: 'X-Auth-Token' } },
      schemas: { Error: jsonSchema(errorShape, 'output') },
    },
    security: [{ token: [] }],
  }
}

function describeRoute(
  { method, path, query }: ApiRoute,
  { summary, parameters, answer }: DescribedQuery,
): object {
  const responses = { 200: jsonResponse('The answer', answer), ...failures }
  const operation = { operationId: `${query}${method === 'GET' ? '' : 'Body'}`, summary, responses }
  if (method === 'GET') return { ...operation, parameters: describeParameters(path, parameters) }
  const content = { 'application/json': { schema: jsonSchema(parameters, 'input') } }
  return { ...operation, requestBody: { required: true, content } }
}

/** The parameters that can be in a path or in a query: texts. */
function describeParameters(path: string, parameters: z.ZodType): object[] {
  const { properties, required } = objectSchema.parse(jsonSchema(parameters, 'input'))
  return Object.entries(properties)
    .filter(([, schema]) => schema.type === 'string')
    .map(([name, { description, ...schema }]) => ({
      name,
      in: path.includes(`{${name}}`) ? 'path' : 'query',
      required: required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema,
    }))
}

/** The stream has the filters and the cursor of the query `events`. */
function describeStream({ parameters }: DescribedQuery): object {
  const inStream = ['cloud', 'type', 'resource', 'project', 'cursor']
  return {
    operationId: 'streamEvents',
    summary:
      'New events as they are recorded, as server-sent events: `id` is the position, `data` the event as in ' +
      'a page. The header Last-Event-ID, or `cursor`, says after which position to begin.',
    parameters: describeParameters('', parameters).filter(
      each => 'name' in each && inStream.includes(String(each.name)),
    ),
    responses: {
      200: { description: 'Events without end', content: { 'text/event-stream': {} } },
      ...failures,
    },
  }
}

function jsonResponse(description: string, shape: z.ZodType): object {
  return { description, content: { 'application/json': { schema: jsonSchema(shape, 'output') } } }
}

function jsonSchema(shape: z.ZodType, io: 'input' | 'output') {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, { io, unrepresentable: 'any' })
  return schema
}

const failure = (description: string) => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
})

const failures = {
  400: failure('A parameter is unknown or malformed.'),
  401: failure('There is no valid token.'),
  403: failure('The token has none of the roles of [ops].'),
  404: failure('There is no such thing, or it belongs to other projects.'),
  503: failure(
    'The views are being built, too many queries are waiting, or Keystone does not answer.',
  ),
}
