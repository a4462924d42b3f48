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

test('the versions that all have are told, as the first tells them', t => {
  const home = [version('v2.15', 'CURRENT', { note: 'home' }), version('v2.9'), version('v2.7')]
  const far = [version('v2.15', 'CURRENT'), version('v2.7'), version('v2.0')]
  t.deepEqual(intersectVersions([home, far]), [home[0], home[2]])
  t.deepEqual(intersectVersions([home]), home)
})

test('where the newest is not everywhere, the newest that is becomes current', t => {
  const home = [version('v2.17', 'CURRENT'), version('v2.9'), version('v2.10')]
  const far = [version('v2.10', 'CURRENT'), version('v2.9')]
  t.deepEqual(intersectVersions([home, far]), [version('v2.9'), version('v2.10', 'CURRENT')])
})

test('the microversions are those that every cloud speaks', t => {
  t.deepEqual(intersectVersions([[cinder('3.0', '3.70')], [cinder('3.5', '3.59')]]), [
    cinder('3.5', '3.59'),
  ])
})

test('a version without a microversion in common is none', t => {
  t.deepEqual(intersectVersions([[cinder('3.0', '3.10')], [cinder('3.11', '3.59')]]), [])
})

test('a version without microversions stays without', t => {
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
