import { createProxyMetrics } from '../../src/metrics/proxy-metrics.js'
import { answerReports } from '../../src/process/reports.js'
import { sayReady } from '../../src/process/run.js'

/** A worker that has only ever looked up one token. Told `hang`, it does nothing any more. */
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
