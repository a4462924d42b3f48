import test from 'ava'
import {
  isSupported,
  requestedMicroversion,
  withCommonMicroversion,
} from '../../../src/aggregate/lists/list-microversion.js'

const asking = (value: string) => ['OpenStack-API-Version', value]
const ranges = [
  { min: 0, max: 70 },
  { min: 0, max: 59 },
]

for (const [asked, sent] of [
  ['volume latest', 'volume 3.59'],
  ['volume 3.66', 'volume 3.59'],
  ['volume 3.59', 'volume 3.59'],
  ['volume 3.0', 'volume 3.0'],
  ['volume 3.71', 'volume 3.71'],
  ['compute latest', 'compute latest'],
  ['compute 2.1, volume latest', 'compute 2.1,volume 3.59'],
  ['volume nonsense', 'volume nonsense'],
] as const) {
  test(`${asked} is sent as ${sent} if one cloud supports 3.70 and another 3.59`, t => {
    t.deepEqual(withCommonMicroversion(asking(asked), ranges), asking(sent))
  })
}

test('a microversion is neither added nor changed without known ranges', t => {
  t.deepEqual(withCommonMicroversion(['Accept', '*/*'], ranges), ['Accept', '*/*'])
  t.deepEqual(withCommonMicroversion(asking('volume latest'), []), asking('volume latest'))
})

test('a microversion header in two lines is read as one list', t => {
  const twoLines = [...asking('compute 2.1'), 'openstack-api-version', 'volume latest']
  t.deepEqual(withCommonMicroversion(twoLines, ranges), asking('compute 2.1,volume 3.59'))
  t.is(requestedMicroversion([...asking('compute 2.1'), ...asking('volume 3.60')]), 60)
})

test('the number of a microversion is the number after its point', t => {
  t.is(requestedMicroversion(asking('compute 2.1, volume 3.60')), 60)
  t.is(requestedMicroversion(asking('volume latest')), Number.POSITIVE_INFINITY)
  t.is(requestedMicroversion([]), 0)
})

test('a microversion has the features of itself and of all earlier ones', t => {
  t.true(isSupported('3.59', 59))
  t.false(isSupported('3.59', 58))
  t.false(isSupported('3.5', 3))
  t.true(isSupported(null, 0))
})
