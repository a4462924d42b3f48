import test from 'ava'
import { createProxyMetrics } from '../../src/metrics/proxy-metrics.js'
import { createRecorderMetrics } from '../../src/metrics/recorder-metrics.js'
import { renderMetrics, sumCounters } from '../../src/metrics/snapshot.js'
import { createSupervisorMetrics } from '../../src/metrics/supervisor-metrics.js'
import { samplesOf } from '../process/serving.js'

const request = {
  service: 'image',
  cloud: 'cornmeal',
  method: 'GET',
  status: 200,
  reason: 'located',
  seconds: 0.02,
  firstByteSeconds: 0.005,
  bytesReceived: 0,
  bytesSent: 700,
  fault: null,
  offload: null,
}
const counted =
  'mixmatch_requests_total{service="image",cloud="cornmeal",method="GET",code="200",reason="located"}'
const durations =
  'mixmatch_request_duration_seconds_count{service="image",cloud="cornmeal",method="GET"}'
const upTo50Ms =
  'mixmatch_request_duration_seconds_bucket{le="0.05",service="image",cloud="cornmeal",method="GET"}'

/** The value as another process receives it, through a JSON channel. */
function sent<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value))
}

test('counters and histograms of several workers are summed up', async t => {
  const [one, two] = [createProxyMetrics(), createProxyMetrics()]
  one.countRequest(request)
  two.countRequest(request)
  two.countRequest({ ...request, seconds: 2 })
  const samples = samplesOf(
    await renderMetrics([sent(await one.snapshot()), sent(await two.snapshot())]),
  )
  t.is(samples.get(counted), 3)
  t.is(samples.get(durations), 3)
  t.is(samples.get(upTo50Ms), 2)
})

test('answers to a front that moves image data itself are counted by cloud and answer', async t => {
  const metrics = createProxyMetrics()
  for (const answer of ['yes', 'yes', 'no'] as const) {
    metrics.countRequest({ ...request, offload: answer })
  }
  metrics.countRequest(request)
  const samples = samplesOf(await renderMetrics([sent(await metrics.snapshot())]))
  const counter = 'mixmatch_offload_decisions_total{cloud="cornmeal",method="GET",'
  t.is(samples.get(`${counter}answer="yes"}`), 2)
  t.is(samples.get(`${counter}answer="no"}`), 1)
})

test('requests in flight, bytes and times to the first byte are those of all workers together', async t => {
  const [one, two] = [createProxyMetrics(), createProxyMetrics()]
  for (const worker of [one, one, two]) worker.countArrival()
  one.countRequest({ ...request, bytesReceived: 30 })
  two.countRequest({ ...request, firstByteSeconds: 0.5 })
  const page = await renderMetrics([sent(await one.snapshot()), sent(await two.snapshot())])
  const samples = samplesOf(page)
  t.is(samples.get('mixmatch_requests_in_flight'), 1)
  t.is(samples.get('mixmatch_request_body_bytes_total{service="image",cloud="cornmeal"}'), 30)
  t.is(samples.get('mixmatch_response_body_bytes_total{service="image",cloud="cornmeal"}'), 1400)
  const firstByte = 'mixmatch_upstream_first_byte_seconds'
  const labels = 'service="image",cloud="cornmeal"'
  t.is(samples.get(`${firstByte}_bucket{le="0.005",${labels}}`), 1)
  t.is(samples.get(`${firstByte}_bucket{le="+Inf",${labels}}`), 2)
  t.is(samples.get(`${firstByte}_sum{${labels}}`), 0.505)
})

test('a request that no cloud answered has no time to the first byte', async t => {
  const metrics = createProxyMetrics()
  metrics.countRequest({ ...request, firstByteSeconds: null })
  t.notRegex(await renderMetrics([await metrics.snapshot()]), /first_byte_seconds_count/)
})

test('counters of an exited process stay in the sum, its gauges do not', async t => {
  const gone = createProxyMetrics()
  gone.countRequest(request)
  const left = await sumCounters([sent(await gone.snapshot())])
  const both = await sumCounters([left, sent(await gone.snapshot())])
  const samples = samplesOf(await renderMetrics([both]))
  t.is(samples.get(counted), 2)
  t.is(samples.get(upTo50Ms), 2)
  t.false(samples.has('process_resident_memory_bytes{process="worker"}'))
})

test('a request that the proxy answered with a fault is counted with the code of that fault', async t => {
  const metrics = createProxyMetrics()
  metrics.countRequest({ ...request, status: 504, fault: 'SERVICE_PROVIDER_TIMEOUT' })
  const samples = samplesOf(await renderMetrics([await metrics.snapshot()]))
  const fault = 'mixmatch_faults_total{cloud="cornmeal",fault="SERVICE_PROVIDER_TIMEOUT"}'
  t.is(samples.get(fault), 1)
})

test('mixmatch_breaker_open is the number of workers with an open breaker for a cloud', async t => {
  let open = ['cornmeal']
  const workers = [createProxyMetrics(), createProxyMetrics()]
  for (const worker of workers) worker.watchBreaker(() => open)
  const page = async () =>
    samplesOf(await renderMetrics(await Promise.all(workers.map(worker => worker.snapshot()))))
  t.is((await page()).get('mixmatch_breaker_open{cloud="cornmeal"}'), 2)
  open = []
  t.false((await page()).has('mixmatch_breaker_open{cloud="cornmeal"}'))
})

test('a bus that is removed, or a log that is not open, has no samples', async t => {
  const bus = {
    cloud: 'cornmeal',
    bus: null,
    connected: true,
    missing: 1,
    waiting: 12,
    lastMessageAt: 1_795_440_000,
  }
  const rest = {
    logPosition: 7,
    logBytes: 8,
    freeBytes: 10,
    viewPosition: 7,
    viewBytes: 9,
    conflicts: 0,
    fleet: null,
  }
  let figures: Parameters<typeof createRecorderMetrics>[0] = () => ({ buses: [bus], ...rest })
  const metrics = createRecorderMetrics(() => figures())
  const page = async () => samplesOf(await renderMetrics([await metrics.snapshot()]))
  const last = 'mixmatch_bus_last_message_timestamp_seconds{cloud="cornmeal"}'

  t.is((await page()).get(last), 1_795_440_000)
  t.is((await page()).get('mixmatch_log_position'), 7)
  t.is((await page()).get('mixmatch_log_disk_free_bytes'), 10)
  t.is((await page()).get('mixmatch_bus_queue_messages{cloud="cornmeal"}'), 12)
  figures = () => ({ buses: [{ ...bus, waiting: null }], ...rest })
  t.false((await page()).has('mixmatch_bus_queue_messages{cloud="cornmeal"}'))
  figures = () => ({ buses: [], ...rest })
  t.false((await page()).has(last))
  figures = () => null
  t.false((await page()).has('mixmatch_log_position'))
})

test('metric names follow the rules of Prometheus: only counters end in _total, and units are base units', async t => {
  const bus = { cloud: 'cornmeal', bus: null, connected: true, missing: 1, lastMessageAt: 1 }
  const figures = {
    buses: [{ ...bus, waiting: 0 }],
    logPosition: 7,
    logBytes: 8,
    freeBytes: 10,
    viewPosition: 7,
    viewBytes: 9,
  }
  const fleet = {
    following: true,
    offset: 6,
    endOffset: 7,
    lagEvents: 1,
    lagSeconds: 0.5,
    lastConfirmAt: 1_795_440_000,
    unconfirmed: 0,
    duplicates: 2,
    forged: 0,
    buses: [{ cloud: 'cornmeal', bus: 'rabbit:5672/', active: true }],
  }
  const parts = [
    createProxyMetrics(),
    createRecorderMetrics(() => ({ ...figures, conflicts: 0, fleet })),
    createSupervisorMetrics(),
  ]
  const page = await renderMetrics(await Promise.all(parts.map(part => part.snapshot())))
  const types = [...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type]) => ({
    name,
    type,
  }))
  t.true(types.length > 30)
  const wrong = types.filter(
    ({ name, type }) =>
      name.endsWith('_total') !== (type === 'counter') ||
      !/^[a-z][a-z0-9_]*$/.test(name) ||
      /_(count|sum|bucket|gauge|counter|histogram)$/.test(name) ||
      /_(milliseconds|ms|minutes|kilobytes|mb|percent)(_total)?$/.test(name),
  )
  t.deepEqual(wrong, [])
})
