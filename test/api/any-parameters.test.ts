import test from 'ava'
import fc from 'fast-check'
import { type QueryName, queries } from '../../src/api/queries.js'
import type { Viewer } from '../../src/api/viewer.js'
import { MixmatchError } from '../../src/errors.js'
import { openViews } from '../../src/projection/open-views.js'
import { viewsFileOf } from '../../src/projection/views-file.js'
import { alice, bob, created, deleted, disk, event, image } from '../controls.js'
import { aliceReads, given } from './asking.js'

const word = fc.oneof(
  fc.constantFrom(
    disk.id,
    image.id,
    '1',
    '0',
    '2',
    '-1',
    '5m',
    '-5m',
    'now',
    'cornmeal',
    alice,
    bob,
  ),
  fc.constantFrom(
    'volume.*',
    '*',
    ',',
    ',,',
    'volume',
    `volume:${disk.id}`,
    'GET',
    '/',
    '%00',
    "'",
  ),
  fc.constantFrom(`/image/v2/images/${image.id}`, `/volume/v3/${alice}/volumes/${disk.id}`),
  fc.constantFrom('__proto__', 'constructor', '\ud800', '999999999999999', '1e3', '2026-11-23'),
  fc.string({ unit: 'binary', maxLength: 40 }),
)
const value = fc.oneof({ weight: 8, arbitrary: word }, { weight: 1, arbitrary: fc.jsonValue() })

test('any parameters get an answer or a client error, and never show a reader resources of other projects', async t => {
  const ask = given(t, [created(disk, alice), created(image, bob), event(), deleted(image)])
  openViews(viewsFileOf(ask.logFile), [ask.logFile]).views[Symbol.dispose]()
  const names: readonly QueryName[] = [
    'events',
    'event',
    'search',
    'resource',
    'history',
    'explain',
  ]
  const viewer: fc.Arbitrary<Viewer> = fc.constantFrom('all' as const, aliceReads)
  const request = fc
    .constantFrom(...names)
    .chain(name =>
      fc.tuple(
        fc.constant(name),
        fc.dictionary(fc.constantFrom(...Object.keys(queries[name].parameters.shape)), value),
        viewer,
      ),
    )
  let answered = 0
  await fc.assert(
    fc.asyncProperty(request, async ([name, parameters, viewer]) => {
      try {
        const answer = JSON.stringify(await ask(name, parameters, viewer))
        answered += 1
        return viewer === 'all' || !answer.includes(bob) || JSON.stringify(parameters).includes(bob)
      } catch (error) {
        return error instanceof MixmatchError && error.status < 500
      }
    }),
    { numRuns: 1500 },
  )
  t.true(answered > 50, `${answered} answers`)
})
