import { EventEmitter, once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { pino } from 'pino'
import { checkConfig } from '../../src/config/config.js'
import { openLogReader } from '../../src/log/open-log.js'
import { renderMetrics } from '../../src/metrics/snapshot.js'
import { record } from '../../src/process/record.js'
import { createRecorderReporter } from '../../src/process/recorder-report.js'
import { federated, place } from '../config/configurations.js'
import { folder } from '../controls.js'
import { message } from '../notification/fixtures.js'
import { samplesOf } from './serving.js'

test('each of several buses of a cloud is recorded, and is named in readiness and metrics', async t => {
  const directory = folder(t)
  const [glance, cinder] = ['glance', 'cinder'].map(service => {
    const file = join(directory, `${service}.ndjson`)
    const body = JSON.stringify(message(`${service}.something`, {}, { message_id: service }))
    writeFileSync(file, `${JSON.stringify({ cloud: 'sp1', body })}\n`)
    return file
  })
  const messagebus = [
    `messagebus = ${pathToFileURL(glance ?? '')}, ${pathToFileURL(cinder ?? '')}`,
    '  rabbit://mixmatch:secret@127.0.0.1:9/nova',
    'messagebus = rabbit://mixmatch:secret@127.0.0.1:9/',
  ]
  const text = federated
    .replace('messagebus = rabbit://rabbit.sp1/', messagebus.join('\n'))
    .replace('messagebus = rabbit://rabbit/', 'messagebus = rabbit://mixmatch@127.0.0.1:9/')
  const { config, problems } = checkConfig(place(t, { 'mixmatch.conf': `${text}queue_name = q\n` }))
  t.deepEqual(problems, [])
  if (!config) return t.fail()

  const files = {
    logFile: join(directory, 'events.db'),
    viewsFile: join(directory, 'events.views.db'),
    command: 'record',
  }
  const reporter = createRecorderReporter(files)
  const stop = new AbortController()
  const stopped = once(stop.signal, 'abort')
  const seen = new Set<string>()
  const both = new EventEmitter()
  const recorded = once(both, 'recorded')
  const recording = record(
    config,
    files,
    pino({ enabled: false }),
    stopped,
    reporter.begin,
    (events, fresh) => {
      reporter.onAppended(events, fresh)
      for (const { messageId } of fresh) seen.add(messageId)
      if (seen.has('glance') && seen.has('cinder')) both.emit('recorded')
    },
  )
  await recorded
  const { metrics, degraded } = await reporter.report()
  stop.abort()
  await recording

  t.deepEqual(degraded.map(({ service_provider }) => String(service_provider)).sort(), [
    'default',
    'sp1',
    'sp1',
  ])
  const ofSp1 = degraded.filter(each => each.service_provider === 'sp1').map(each => each.reason)
  t.regex(ofSp1.sort()[0] ?? '', /^127\.0\.0\.1:9\/ (connecting|retrying) since/)
  t.regex(ofSp1[1] ?? '', /^127\.0\.0\.1:9\/nova (connecting|retrying) since/)
  const samples = samplesOf(await renderMetrics([metrics]))
  const connected = (bus: string) => samples.get(`mixmatch_bus_connected{cloud="sp1",bus="${bus}"}`)
  t.is(connected(glance ?? ''), 1)
  t.is(connected(cinder ?? ''), 1)
  t.is(connected('127.0.0.1:9/nova'), 0)
  t.is(connected('127.0.0.1:9/'), 0)
  t.is(samples.get('mixmatch_bus_connected{cloud="default"}'), 0)
  t.is(samples.get('mixmatch_bus_missing_exchanges{cloud="sp1"}'), 0)
  using log = openLogReader(files.logFile)
  t.true([...log.read()].every(({ body }) => !body.includes('secret')))
})
