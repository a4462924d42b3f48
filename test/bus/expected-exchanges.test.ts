import test from 'ava'
import { expectedExchanges, missingExchanges } from '../../src/bus/expected-exchanges.js'

const usual = {
  exchanges: ['glance', 'cinder', 'openstack', 'nova', 'neutron', 'keystone'],
  exchangesAreDefault: true,
}
const both = ['image', 'volume'] as const

test('nothing is missing where Glance and Cinder publish, whatever else may be', t => {
  const expected = expectedExchanges(usual, both)
  for (const cinder of ['cinder', 'openstack']) {
    const missing = usual.exchanges.filter(exchange => !['glance', cinder].includes(exchange))
    t.deepEqual(missingExchanges([{ missing }], expected), [])
  }
})

test('a service that publishes nowhere is missing, and one that the cloud has not is not', t => {
  const missing = usual.exchanges
  t.deepEqual(missingExchanges([{ missing }], expectedExchanges(usual, both)), [
    ['glance'],
    ['cinder', 'openstack'],
  ])
  t.deepEqual(missingExchanges([{ missing }], expectedExchanges(usual, ['image'])), [['glance']])
})

test('exchanges that were named are all expected', t => {
  const named = { exchanges: ['cinder', 'nova'], exchangesAreDefault: false }
  const missing = ['nova']
  t.deepEqual(missingExchanges([{ missing }], expectedExchanges(named, both)), [['nova']])
})

test('of several buses one is enough', t => {
  const expected = expectedExchanges(usual, both)
  const buses = [{ missing: ['cinder', 'openstack'] }, { missing: ['glance', 'cinder'] }]
  t.deepEqual(missingExchanges(buses, expected), [])
})
