import test from 'ava'
import { samplesOf, start } from './serving.js'

test('a standalone recorder has an ops port, reloads its configuration and exits with 0', async t => {
  const recording = start(t, 'record')
  await recording.line('recording')
  const ops = await recording.ops()
  t.like(await (await fetch(`${ops}/ready`)).json(), {
    ready: true,
    missing: [],
    degraded: [{ service_provider: 'default' }, { service_provider: 'sp1' }],
  })

  recording.forget()
  recording.configure({ service_providers: 'default' })
  recording.signal('SIGHUP')
  await recording.line('recording')
  const samples = samplesOf(await (await fetch(`${ops}/metrics`)).text())
  t.is(samples.get('mixmatch_bus_connected{cloud="default"}'), 0)
  t.false(samples.has('mixmatch_bus_connected{cloud="sp1"}'))
  recording.signal('SIGTERM')
  t.is(await recording.ended, 0)
})
