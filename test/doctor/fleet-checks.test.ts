import { createServer } from 'node:net'
import test from 'ava'
import { judgeFleetNode } from '../../src/doctor/fleet-node.js'
import { checkStream, judgeStream } from '../../src/doctor/fleet-stream.js'
import { judgeBus } from '../../src/doctor/message-bus.js'

const queue = 'mixmatch.sp1.fleet'
const broker = {
  kind: 'rabbit',
  host: 'rabbit.sp1:5672',
  exchanges: ['glance'],
  queue: { messages: 3, consumers: 3 },
} as const
const fleet = {
  stream: 'mixmatch at h1:5672/',
  state: 'following',
  problem: null,
  host: 'h1:5672',
  offset: 41,
  end_offset: 44,
  lag_events: 3,
  lag_seconds: 0.52,
  last_confirm_at: '2026-11-28T10:00:00.000000Z',
  unconfirmed: 0,
  duplicates: 0,
  forged: 0,
  buses: [
    { service_provider: 'default', bus: 'rabbit:5672/', role: 'active' },
    { service_provider: 'sp1', bus: 'rabbit.sp1:5672/', role: 'waiting' },
  ],
}
const page = (more: object) => JSON.stringify({ ready: true, missing: [], degraded: [], ...more })

test('doctor accepts several consumers of a queue that the nodes of a fleet share', t => {
  const { verdict, found } = judgeBus(broker, queue, true)
  t.is(verdict, 'ok')
  t.regex(found, /3 messages wait in mixmatch\.sp1\.fleet, and 3 nodes of the fleet consume it/)
})

test('doctor shows offset, lag, collected clouds and last confirm of a node', t => {
  const { verdict, found } = judgeFleetNode({ status: 200, text: page({ fleet }) })
  t.is(verdict, 'ok')
  t.is(
    found,
    'follows; at offset 41 of 44, 3 messages behind for 0.5 s; collects default; ' +
      'last confirm 2026-11-28T10:00:00.000000Z',
  )
})

test('doctor fails for a node that does not follow, and says why', t => {
  const missing = [{ part: 'fleet', reason: 'does not follow the stream: it has a gap' }]
  const stopped = { ...fleet, state: 'stopped', buses: [], last_confirm_at: null }
  const result = judgeFleetNode({ status: 503, text: page({ missing, fleet: stopped }) })
  t.is(result.verdict, 'failed')
  t.regex(result.found, /it has a gap; at offset 41 of 44.*collects nothing.*nothing confirmed yet/)
})

test('doctor warns if the Mixmatch on this machine is no node of a fleet, or does not show its status', t => {
  t.like(judgeFleetNode({ status: 200, text: page({}) }), { verdict: 'warning' })
  t.regex(judgeFleetNode({ status: 401, text: '' }).found, /asks for a token/)
})

const working = (host: string) => ({ host, problem: null, exists: true })
const broken = { host: 'h3:5672', problem: 'h3:5672: connect ECONNREFUSED', exists: false }

test('doctor warns if a broker of the stream does not answer, and fails if none does', t => {
  const name = 'mixmatch at h1:5672,h2:5672,h3:5672/'
  t.is(judgeStream(name, [working('h1:5672'), working('h2:5672')]).verdict, 'ok')
  const some = judgeStream(name, [working('h1:5672'), broken])
  t.is(some.verdict, 'warning')
  t.regex(some.found, /only 1 of 2 brokers answer: h3:5672: connect ECONNREFUSED/)
  t.is(judgeStream(name, [broken]).verdict, 'failed')
})

test('doctor warns if the stream does not exist yet', t => {
  const probe = { host: 'h1:5672', problem: null, exists: false }
  const { verdict, found } = judgeStream('mixmatch at h1:5672/', [probe])
  t.is(verdict, 'warning')
  t.regex(found, /does not exist yet.*fleet init/)
})

test('doctor names each broker of the stream that refuses the connection', async t => {
  const closed = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => closed.once('listening', resolve))
  const address = closed.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  await new Promise(resolve => closed.close(resolve))
  const stream = `rabbit://mixmatch:secret@127.0.0.1:${port}/mixmatch?name=mixmatch`
  const timeouts = { connectTimeoutMs: 2000, headersTimeoutMs: 2000, idleTimeoutMs: 2000 }
  const { verdict, found } = await checkStream(stream, timeouts)
  t.is(verdict, 'failed')
  t.regex(found, new RegExp(`127\\.0\\.0\\.1:${port}: .*ECONNREFUSED`))
  t.false(found.includes('secret'))
})
