import test from 'ava'
import { Registry } from 'prom-client'
import { type FleetFigures, gaugeFleet } from '../../src/metrics/fleet-metrics.js'
import { samplesOf } from '../process/serving.js'

const node: FleetFigures = {
  following: true,
  offset: 41,
  endOffset: 44,
  lagEvents: 3,
  lagSeconds: 0.5,
  lastConfirmAt: null,
  unconfirmed: 2,
  duplicates: 5,
  forged: 1,
  buses: [
    { cloud: 'default', bus: 'rabbit:5672/', active: true },
    { cloud: 'cornmeal', bus: 'rabbit.cornmeal:5672/', active: false },
  ],
}

test('a node of a fleet shows how far it is, and which buses it collects', async t => {
  const samples = await samplesWith(node)
  t.is(samples.get('mixmatch_fleet_following'), 1)
  t.is(samples.get('mixmatch_fleet_offset'), 41)
  t.is(samples.get('mixmatch_fleet_end_offset'), 44)
  t.is(samples.get('mixmatch_fleet_lag_events'), 3)
  t.is(samples.get('mixmatch_fleet_lag_seconds'), 0.5)
  t.is(samples.get('mixmatch_fleet_unconfirmed'), 2)
  t.is(samples.get('mixmatch_fleet_duplicates_total'), 5)
  t.is(samples.get('mixmatch_fleet_forged_total'), 1)
  t.is(samples.get('mixmatch_fleet_bus_active{cloud="default",bus="rabbit:5672/"}'), 1)
  const waiting = 'mixmatch_fleet_bus_active{cloud="cornmeal",bus="rabbit.cornmeal:5672/"}'
  t.is(samples.get(waiting), 0)
})

test('a metric of a fleet has no sample if the node does not know the value', async t => {
  const samples = await samplesWith({ ...node, lagEvents: null })
  t.false(samples.has('mixmatch_fleet_lag_events'))
  t.false(samples.has('mixmatch_fleet_last_confirm_timestamp_seconds'))
})

test('a single machine has no metrics of a fleet', async t => {
  t.deepEqual([...(await samplesWith(null)).keys()], [])
})

test('counters of a fleet are those of the node, however often they are collected', async t => {
  const registry = new Registry()
  gaugeFleet(registry, () => node)
  await registry.metrics()
  const samples = samplesOf(await registry.metrics())
  t.is(samples.get('mixmatch_fleet_duplicates_total'), 5)
})

async function samplesWith(fleet: FleetFigures | null): Promise<ReadonlyMap<string, number>> {
  const registry = new Registry()
  gaugeFleet(registry, () => fleet)
  return samplesOf(await registry.metrics())
}
