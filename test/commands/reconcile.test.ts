import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import ava from 'ava'
import { pino } from 'pino'
import { resourceId } from '../../src/ids.js'
import { holdLog } from '../../src/log/holder.js'
import { openRecorder } from '../../src/process/recorder.js'
import { alice, at, created } from '../controls.js'
import { makeImage, sp1, startScene } from '../reconcile/clouds.js'
import { mixmatch } from './run-command.js'

/** Serial, because each test starts two clouds. */
const test = ava.serial

/** A resource that is only in the log. */
const createUnlisted = () =>
  created({ type: 'volume', id: resourceId(randomUUID()) }, alice, {
    serviceProvider: sp1,
    emittedAt: at(-86_400),
  })

test('reconcile --dry-run prints the differences, records nothing, and exits with 1', async t => {
  const scene = await startScene(t)
  const id = await makeImage(scene)
  const gone = createUnlisted()
  await scene.recordEvents(gone)
  const run = await mixmatch(scene.path, 'reconcile', 'sp1', '--dry-run', '--format', 'json')
  t.is(run.code, 1)
  const rows = run.out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  const { project } = scene.admin
  t.deepEqual(rows, [
    {
      service_provider: 'sp1',
      difference: 'unknown',
      resource: { type: 'image', id },
      project,
      believed: null,
    },
    {
      service_provider: 'sp1',
      difference: 'gone',
      resource: gone.resource,
      project: null,
      believed: alice,
    },
  ])
  t.regex(run.err, /^sp1: listed image 1, volume 0, snapshot 0; 2 differences, not recorded$/m)
  t.is(scene.events().length, 1)
})

test('reconcile records the differences and exits with 0, and a dry run after it finds none', async t => {
  const scene = await startScene(t)
  await makeImage(scene)
  const run = await mixmatch(scene.path, 'reconcile')
  t.is(run.code, 0)
  t.regex(run.out, /sp1 +unknown +image/)
  t.regex(
    run.err,
    /default: listed image 0.*; 0 differences, recorded\nsp1: .*1 differences, recorded/,
  )
  const again = await mixmatch(scene.path, 'reconcile', '--dry-run')
  t.like(again, { code: 0, out: '' })
})

test('reconcile appends through a running recorder', async t => {
  const scene = await startScene(t)
  const id = await makeImage(scene)
  const files = { ...scene, command: 'record' }
  const broken = (error: unknown) => {
    throw error
  }
  await using recorder = await openRecorder(files, broken, pino({ level: 'silent' }))
  const run = await mixmatch(scene.path, 'reconcile', 'sp1')
  t.is(run.code, 0)
  t.is(recorder.state().logPosition as number, 2)
  t.deepEqual(scene.located('image', id), [`sp1 ${scene.admin.project}`])
})

test('reconcile names the holder of a log that accepts no events', async t => {
  const scene = await startScene(t)
  using _held = holdLog(scene.logFile, 'log import')
  const run = await mixmatch(scene.path, 'reconcile', 'sp1')
  t.is(run.code, 1)
  t.regex(run.err, /held by "mixmatch log import"/)
})

test('reconcile continues after an unreachable cloud, and exits with 1', async t => {
  const scene = await startScene(t, {
    intercept: (cloud, _, response) => {
      if (cloud === 'default') response.destroy()
      return cloud === 'default'
    },
  })
  await makeImage(scene)
  const run = await mixmatch(scene.path, 'reconcile')
  t.is(run.code, 1)
  t.regex(run.err, /^default: Identity provider: logging in as "admin"/m)
  t.regex(run.err, /^sp1: listed image 1.*1 differences, recorded$/m)
})

test('reconcile exits with 2 for an unknown cloud, and a dry run creates no log', async t => {
  const scene = await startScene(t)
  t.like(await mixmatch(scene.path, 'reconcile', 'sp3'), {
    code: 2,
    err: 'mixmatch: sp3: expected clouds of [DEFAULT] service_providers: default, sp1.\n',
  })
  rmSync(scene.logFile)
  const run = await mixmatch(scene.path, 'reconcile', '--dry-run')
  t.is(run.code, 1)
  t.regex(run.err, /no event log there/)
})
