import { createProxyMetrics } from '../../src/metrics/proxy-metrics.js'
import { answerStatusRequests, tellReady } from '../../src/process/child-messages.js'

/** A worker that has looked up one token. After SIGUSR2 it hangs. */
const metrics = createProxyMetrics()
metrics.countLookup('caller', 'hit')
answerStatusRequests(async () => ({
  metrics: await metrics.snapshot(),
  missing: [{ part: 'views', reason: '3 events behind' }],
  degraded: [],
}))
process.on('SIGUSR2', () => {
  for (;;);
})
tellReady()
