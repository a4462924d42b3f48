import { createServer } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import { createOpsApp, type OpsParts, openOps } from '../../src/http/ops.js'

const here = { host: '127.0.0.1', port: 0 }

async function open(t: ExecutionContext, parts: Partial<OpsParts> = {}) {
  const lines: string[] = []
  const logger = pino({}, { write: line => lines.push(line) })
  const app = createOpsApp({
    health: () => ({ healthy: true, reasons: [] }),
    readiness: async () => ({ missing: [], degraded: [] }),
    metrics: async () => 'up 1\n',
    metricsType: 'text/plain; version=0.0.4; charset=utf-8',
    logger,
    ...parts,
  })
  const ops = await openOps(app, here, logger)
  t.teardown(async () => ops[Symbol.asyncDispose]())
  return { url: `http://127.0.0.1:${ops.port}`, lines }
}

test('/ready is 200 while nothing is missing, else 503 with each missing part', async t => {
  const lacks: { part: string; reason: string }[] = []
  const degraded = [{ part: 'bus', reason: 'retrying' }]
  const { url } = await open(t, { readiness: async () => ({ missing: lacks, degraded }) })
  const ready = await fetch(`${url}/ready`)
  t.is(ready.status, 200)
  t.deepEqual(await ready.json(), { ready: true, missing: [], degraded })
  lacks.push({ part: 'event log', reason: 'the file is gone' })
  const not = await fetch(`${url}/ready`)
  t.is(not.status, 503)
  t.deepEqual(await not.json(), { ready: false, missing: lacks, degraded })
})

test('/ready is 503 while the process drains', async t => {
  const { url } = await open(t, { health: () => ({ healthy: false, reasons: ['draining'] }) })
  const ready = await fetch(`${url}/ready`)
  t.is(ready.status, 503)
  const missing = [{ part: 'process', reason: 'draining' }]
  t.deepEqual(await ready.json(), { ready: false, missing, degraded: [] })
})

test('a monitor may keep its connection for longer than the time between two of its requests', async t => {
  const { url } = await open(t)
  const page = await fetch(`${url}/metrics`)
  t.is(page.headers.get('keep-alive'), 'timeout=75')
})

test('/metrics has the content type of Prometheus', async t => {
  const { url } = await open(t)
  const page = await fetch(`${url}/metrics`)
  t.is(page.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  t.is(await page.text(), 'up 1\n')
})

test('/healthcheck responds as on the public port, also to HEAD', async t => {
  const { url } = await open(t, { health: () => ({ healthy: false, reasons: ['draining'] }) })
  const text = await fetch(`${url}/healthcheck`)
  t.is(text.status, 503)
  t.is(await text.text(), 'draining')
  const json = await fetch(`${url}/healthcheck`, { headers: { Accept: 'application/json' } })
  t.deepEqual(await json.json(), { detailed: false, reasons: ['draining'] })
  t.is((await fetch(`${url}/healthcheck`, { method: 'HEAD' })).status, 503)
})

test('the port for operators changes nothing and serves no API', async t => {
  const { url } = await open(t)
  t.is((await fetch(`${url}/metrics`, { method: 'DELETE' })).status, 405)
  t.is((await fetch(`${url}/image/v2/images`)).status, 404)
})

test('an internal error of the port for operators is logged, and the client sees no details', async t => {
  const { url, lines } = await open(t, {
    metrics: () => Promise.reject(new Error('the secret reason')),
  })
  const answer = await fetch(`${url}/metrics`)
  t.is(answer.status, 500)
  t.false((await answer.text()).includes('secret'))
  t.true(lines.some(line => line.includes('the secret reason')))
})

test('a port for operators that is in use gives an error that names the option', async t => {
  const other = createServer()
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
  t.teardown(() => other.close())
  const address = other.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const logger = pino({ level: 'silent' })
  const app = createOpsApp({
    health: () => ({ healthy: true, reasons: [] }),
    readiness: async () => ({ missing: [], degraded: [] }),
    metrics: async () => '',
    metricsType: '',
    logger,
  })
  await t.throwsAsync(openOps(app, { ...here, port }, logger), {
    code: 'CANNOT_LISTEN',
    message: `127.0.0.1:${port}: another process listens there. Set another [ops] host and port, or stop that process.`,
  })
})

test('an address that this machine does not have gives an error that names the option', async t => {
  const logger = pino({ level: 'silent' })
  const app = createOpsApp({
    health: () => ({ healthy: true, reasons: [] }),
    readiness: async () => ({ missing: [], degraded: [] }),
    metrics: async () => '',
    metricsType: '',
    logger,
  })
  await t.throwsAsync(openOps(app, { host: '192.0.2.1', port: 0 }, logger), {
    code: 'CANNOT_LISTEN',
    message: /^192\.0\.2\.1:0: .*Set another \[ops\] host and port\.$/,
  })
})
