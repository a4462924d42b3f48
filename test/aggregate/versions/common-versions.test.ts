import test from 'ava'
import {
  intersectVersions,
  microversionRangeOf,
} from '../../../src/aggregate/versions/common-versions.js'

const version = (id: string, status = 'SUPPORTED', rest: object = {}) => ({
  id,
  status,
  links: [],
  ...rest,
})
const cinder = (min: string, max: string) =>
  version('v3.0', 'CURRENT', { min_version: min, version: max })

test('common versions are described as in the first document', t => {
  const home = [version('v2.15', 'CURRENT', { note: 'home' }), version('v2.9'), version('v2.7')]
  const far = [version('v2.15', 'CURRENT'), version('v2.7'), version('v2.0')]
  t.deepEqual(intersectVersions([home, far]), [home[0], home[2]])
  t.deepEqual(intersectVersions([home]), home)
})

test('the newest common version is CURRENT', t => {
  const home = [version('v2.17', 'CURRENT'), version('v2.9'), version('v2.10')]
  const far = [version('v2.10', 'CURRENT'), version('v2.9')]
  t.deepEqual(intersectVersions([home, far]), [version('v2.9'), version('v2.10', 'CURRENT')])
})

test('common microversions are those that every cloud supports', t => {
  t.deepEqual(intersectVersions([[cinder('3.0', '3.70')], [cinder('3.5', '3.59')]]), [
    cinder('3.5', '3.59'),
  ])
})

test('a version without a common microversion is left out', t => {
  t.deepEqual(intersectVersions([[cinder('3.0', '3.10')], [cinder('3.11', '3.59')]]), [])
})

test('a version without microversions gets none', t => {
  const old = version('v2.0', 'DEPRECATED', { version: '', min_version: '' })
  t.deepEqual(
    intersectVersions([
      [old, cinder('3.0', '3.1')],
      [old, cinder('3.0', '3.1')],
    ]),
    [old, cinder('3.0', '3.1')],
  )
  t.is(microversionRangeOf(old), null)
})
