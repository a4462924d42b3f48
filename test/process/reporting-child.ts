import { createProxyMetrics } from '../../src/metrics/proxy-metrics.js'
import { answerReports } from '../../src/process/reports.js'
import { sayReady } from '../../src/process/run.js'

/** A worker that has answered one request and serves no more: told `hang`, it does not even answer us. */
const metrics = createProxyMetrics()
metrics.asked('caller', 'hit')
answerReports(async () => ({
  metrics: await metrics.report(),
  missing: [{ part: 'views', reason: '3 events behind' }],
}))
process.on('message', message => {
  while (message === 'hang');
})
sayReady()
