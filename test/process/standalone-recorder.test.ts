import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { samplesOf, start } from './serving.js'

test('a standalone recorder has a port for operators, reloads its configuration and exits with 0', async t => {
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

test('a reload with a port for operators that is in use keeps the open one until a restart', async t => {
  const other = start(t, 'record')
  const taken = new URL(await other.ops()).port
  const recording = start(t, 'record')
  await recording.line('recording')
  const ops = await recording.ops()
  const file = join(recording.directory, 'mixmatch.conf')
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace('[ops]\nport = 0', `[ops]\nport = ${taken}`),
  )
  recording.signal('SIGHUP')
  const change = await recording.line('an option is different, and needs a restart to count')
  t.like(change, { group: 'ops', option: 'port', before: '0', after: taken })
  await recording.line('nothing is restarted: all that is different needs a restart to count')
  t.is((await fetch(`${ops}/healthcheck`)).status, 200)
  recording.signal('SIGTERM')
  t.is(await recording.ended, 0)
})
