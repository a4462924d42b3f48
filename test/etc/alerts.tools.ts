import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { createProxyMetrics } from '../../src/metrics/proxy-metrics.js'
import { renderMetrics } from '../../src/metrics/snapshot.js'
import { folder } from '../controls.js'

/** Run Prometheus' own checker (package `prometheus`). */
function promtool(args: readonly string[], input = '') {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { encoding: 'utf8', input })
  return { status, output: `${stdout}${stderr}${error ?? ''}` }
}

test('promtool accepts the alerts for Prometheus', t => {
  const { status, output } = promtool(['check', 'rules', 'etc/prometheus/mixmatch.rules.yml'])
  t.is(status, 0, output)
})

test('the alerts for Prometheus fire when they should, and not before', t => {
  const { status, output } = promtool(['test', 'rules', 'test/etc/mixmatch.rules.test.yml'])
  t.is(status, 0, output)
})

test('promtool accepts the page of metrics of a worker', async t => {
  const metrics = createProxyMetrics()
  metrics.countRequest({
    service: 'image',
    cloud: 'sp1',
    method: 'GET',
    status: 200,
    reason: 'located',
    seconds: 0.2,
    firstByteSeconds: 0.1,
    bytesReceived: 0,
    bytesSent: 700,
    fault: 'SERVICE_PROVIDER_TIMEOUT',
    offload: null,
  })
  const page = await renderMetrics([await metrics.snapshot()])
  const { status, output } = promtool(['check', 'metrics'], page)
  t.is(status, 0, output)
})

test('promtool accepts each expression of the dashboard for Grafana', t => {
  const text = readFileSync('etc/grafana/mixmatch.json', 'utf8')
  const expressions = [...text.matchAll(/^ *"expr": (".*"),$/gm)].map(([, json = '']) =>
    String(JSON.parse(json)).replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'),
  )
  t.true(expressions.length > 25)
  // JSON is YAML, and a recording rule takes any expression.
  const rules = expressions.map((expr, index) => ({ record: `panel:${index}`, expr }))
  const file = join(folder(t), 'dashboard.yml')
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
  const { status, output } = promtool(['check', 'rules', file])
  t.is(status, 0, output)
})
