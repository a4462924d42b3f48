import test from 'ava'
import { expectedExchanges, missingExchanges } from '../../src/bus/expected-exchanges.js'

const usual = {
  exchanges: ['glance', 'cinder', 'openstack', 'nova', 'neutron', 'keystone'],
  exchangesAreDefault: true,
}
const both = ['image', 'volume'] as const

test('no exchange is missing if Glance and Cinder publish', t => {
  const expected = expectedExchanges(usual, both)
  for (const cinder of ['cinder', 'openstack']) {
    const missing = usual.exchanges.filter(exchange => !['glance', cinder].includes(exchange))
    t.deepEqual(missingExchanges([{ missing }], expected), [])
  }
})

test('the exchange of a proxied service that publishes nowhere is missing', t => {
  const missing = usual.exchanges
  t.deepEqual(missingExchanges([{ missing }], expectedExchanges(usual, both)), [
    ['glance'],
    ['cinder', 'openstack'],
  ])
  t.deepEqual(missingExchanges([{ missing }], expectedExchanges(usual, ['image'])), [['glance']])
})

test('all exchanges that the operator named are expected', t => {
  const named = { exchanges: ['cinder', 'nova'], exchangesAreDefault: false }
  const missing = ['nova']
  t.deepEqual(missingExchanges([{ missing }], expectedExchanges(named, both)), [['nova']])
})

test('an exchange is not missing if one of several buses has it', t => {
  const expected = expectedExchanges(usual, both)
  const buses = [{ missing: ['cinder', 'openstack'] }, { missing: ['glance', 'cinder'] }]
  t.deepEqual(missingExchanges(buses, expected), [])
})
