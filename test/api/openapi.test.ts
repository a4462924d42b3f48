import test from 'ava'
import { z } from 'zod'
import { apiRoutes } from '../../src/api/routes.js'
import { openViews } from '../../src/projection/open-views.js'
import { viewsFileOf } from '../../src/projection/views-file.js'
import { alice, bob, created, deleted, disk, event, idp, image, millet } from '../controls.js'
import { given } from './asking.js'

const operation = z.looseObject({
  parameters: z
    .array(z.object({ name: z.string(), in: z.string(), required: z.boolean() }).loose())
    .default([]),
  responses: z.record(
    z.string(),
    z.object({
      description: z.string(),
      content: z.record(z.string(), z.object({ schema: z.looseObject({}).optional() })),
    }),
  ),
})
const description = z.looseObject({
  openapi: z.literal('3.1.0'),
  info: z.looseObject({ title: z.string(), version: z.string() }),
  paths: z.record(z.string(), z.record(z.string(), operation)),
})

const resources = [
  created(disk, alice),
  created(image, bob, { serviceProvider: millet }),
  created(image, bob, { serviceProvider: idp }),
  deleted(disk),
  event(),
]

/** Parameters with which each query of a route has a whole answer. */
const examples: Readonly<Record<(typeof apiRoutes)[number]['query'], readonly object[]>> = {
  events: [{}, { limit: '1', cloud: 'millet' }, { order: 'oldest', resource: disk.id }],
  event: [{ position: '1' }, { position: '5' }],
  search: [{ id: '1' }, { id: '2' }],
  resource: [{ id: disk.id }, { id: disk.id, at: '1' }, { id: image.id }],
  history: [{ id: disk.id }],
  explain: [
    { method: 'GET', path: `/image/v2/images/${image.id}` },
    { method: 'GET', path: '/volume/v3/x/volumes/unknown' },
    { method: 'POST', path: '/network/v2.0/networks/extended' },
  ],
  holdings: [{}, { at: '2' }],
  holdingsHistory: [{}],
  conflicts: [{}],
  activity: [{}],
  log: [{}],
}

test('each answer of the API matches its OpenAPI description', async t => {
  const ask = given(t, resources, { extendsNetworks: true })
  openViews(viewsFileOf(ask.logFile), [ask.logFile]).views[Symbol.dispose]()
  const { paths } = description.parse(await ask('openApi', {}))
  for (const { method, path, query } of apiRoutes) {
    const described = paths[path]?.[method.toLowerCase()]
    const schema = described?.responses['200']?.content['application/json']?.schema
    if (!schema) throw new Error(`${method} ${path} is not described`)
    const shape = z.fromJSONSchema(schema)
    for (const parameters of examples[query]) {
      const answer = await ask(query, parameters)
      t.deepEqual(shape.safeParse(answer).error?.issues, undefined, `${query} ${method}`)
      t.false(shape.safeParse({ ...answer, undescribed: 1 }).success)
      t.false(shape.safeParse({}).success)
    }
  }
})

test('the OpenAPI description names each parameter and its place: path or query', async t => {
  const { paths } = description.parse(await given(t, [])('openApi', {}))
  const namesOf = (path: string) =>
    paths[path]?.['get']?.parameters.map(({ name, in: where, required }) => [name, where, required])
  t.deepEqual(namesOf('/v1/resources/{id}/history'), [
    ['id', 'path', true],
    ['at', 'query', false],
  ])
  t.deepEqual(namesOf('/v1/events/stream'), [
    ['cloud', 'query', false],
    ['type', 'query', false],
    ['resource', 'query', false],
    ['project', 'query', false],
    ['cursor', 'query', false],
  ])
  const [explain] = namesOf('/v1/explain') ?? []
  t.deepEqual(explain, ['method', 'query', false])
  t.true('post' in (paths['/v1/explain'] ?? {}))
})
