import test from 'ava'
import { fleetReport, reportFleet, whyNotCaughtUp } from '../../src/fleet/fleet-report.js'
import type { FleetStatus } from '../../src/fleet/fleet-status.js'
import { micros } from '../../src/ids.js'
import { cornmeal } from '../controls.js'

const status: FleetStatus = {
  stream: 'mixmatch at h1:5672/',
  state: 'following',
  problem: null,
  host: 'h1:5672',
  offset: 41,
  endOffset: 44,
  lagEvents: 3,
  lagSeconds: 0.5,
  lastConfirmAt: micros(1_795_440_000_000_000),
  unconfirmed: 2,
  duplicates: 5,
  forged: 0,
  buses: [{ serviceProvider: cornmeal, bus: 'rabbit.cornmeal:5672/', role: 'active' }],
}

test('a node that follows the stream gets requests, also while it is a few seconds behind', t => {
  t.is(whyNotCaughtUp(status), null)
  t.is(whyNotCaughtUp({ ...status, lagSeconds: 9 }), null)
})

test('a node that lags, joins, is stopped or has no connection gets no requests', t => {
  t.is(whyNotCaughtUp({ ...status, lagSeconds: 12.4 }), '3 messages behind, for 12 s')
  t.is(whyNotCaughtUp({ ...status, state: 'joining' }), 'joining, 3 messages behind')
  const stopped = { ...status, state: 'stopped', problem: 'STREAM_GAP' } as const
  t.is(whyNotCaughtUp(stopped), 'does not follow the stream: STREAM_GAP')
  const connecting = { ...status, state: 'connecting', problem: 'h1:5672: ECONNREFUSED' } as const
  t.is(whyNotCaughtUp(connecting), 'no connection to the stream: h1:5672: ECONNREFUSED')
})

test('doctor reads what /ready shows of a fleet', t => {
  const report = reportFleet(status)
  t.deepEqual(fleetReport.parse(JSON.parse(JSON.stringify(report))), report)
  t.is(report.last_confirm_at, '2026-11-23T13:20:00.000000Z')
})
