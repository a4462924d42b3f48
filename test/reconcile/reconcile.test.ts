import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import ava from 'ava'
import { people } from '../../sandbox/people.js'
import { MixmatchError } from '../../src/errors.js'
import { ownEventTypes } from '../../src/event/event.js'
import { projectId, resourceId } from '../../src/ids.js'
import { openReconciler } from '../../src/reconcile/reconciler.js'
import { alice, at, bob, changed, created, deleted, idp, transferred } from '../controls.js'
import { logIn } from '../sandbox/clouds.js'
import { before, image, makeImage, makeVolume, pathOf, sp1, startScene, volume } from './clouds.js'

/** Tests run one after another, because each starts two clouds. */
const test = ava.serial

const here = { serviceProvider: sp1 }

test('a resource that the log does not know is recorded once, with its owner', async t => {
  const scene = await startScene(t)
  const ids = [
    await makeImage(scene),
    await makeImage(scene, { visibility: 'community' }),
    await makeImage(scene, { os_hidden: true }),
  ]
  const disk = await makeVolume(scene)
  const { drifts, outcome } = await scene.reconcile()

  t.deepEqual(drifts.map(({ resource }) => resource.id).sort(), [...ids, disk].sort())
  t.true(drifts.every(({ difference }) => difference === 'unknown'))
  for (const id of ids) t.deepEqual(scene.located('image', id), [`sp1 ${scene.admin.project}`])
  t.deepEqual(scene.located('volume', disk), [`sp1 ${scene.admin.project}`])
  t.deepEqual(outcome.failed, [])
  const again = await scene.reconcile()
  t.deepEqual(again.drifts, [])
  t.deepEqual(
    again.outcome.collections.map(({ type, listed }) => [type, listed]),
    [
      ['image', 3],
      ['volume', 1],
      ['snapshot', 0],
    ],
    'this cloud has no backups and groups, which is no failure',
  )
})

test('a drift event has the time of the cloud, the real owner and the owner in the view', async t => {
  const scene = await startScene(t)
  const id = await makeImage(scene)
  await scene.recordEvents(created(image(id), alice, before))
  const begun = Date.now() * 1000
  const { outcome } = await scene.reconcile()
  const [, found, finished] = scene.events()
  t.like(found, {
    serviceProvider: sp1,
    source: 'reconcile',
    eventType: ownEventTypes.reconcileOwner,
    kind: 'changed',
    resource: image(id),
    project: projectId(scene.admin.project),
  })
  t.true(Number(found?.emittedAt) > begun - 2e6 && Number(found?.emittedAt) <= Date.now() * 1000)
  const said = JSON.parse(found?.body ?? '')
  t.like(said, { difference: 'owner', project: scene.admin.project, believed: alice })
  t.like(finished, { eventType: ownEventTypes.reconcileFinished, kind: 'noted', resource: null })
  t.like(JSON.parse(finished?.body ?? ''), {
    run: said.run,
    as: { sees: 'everything', project: scene.admin.project },
    collections: outcome.collections as unknown as object,
    failed: [],
  })
})

test('an owner that is unknown or wrong in the view is corrected', async t => {
  const scene = await startScene(t)
  const [nobodys, bobs] = [await makeVolume(scene), await makeVolume(scene)]
  await scene.recordEvents(
    created(volume(nobodys), null, before),
    created(volume(bobs), bob, before),
  )
  const { drifts } = await scene.reconcile()
  t.deepEqual(
    drifts.map(({ difference }) => difference),
    ['owner', 'owner'],
  )
  for (const id of [nobodys, bobs])
    t.deepEqual(scene.located('volume', id), [`sp1 ${scene.admin.project}`])
})

test('a deletion without a notification is found, also in the second of the creation', async t => {
  const scene = await startScene(t)
  const [old, young] = [volume(randomUUID()), image(randomUUID())]
  const justNow = { ...here, emittedAt: (Date.now() * 1000) as typeof before.emittedAt }
  await scene.recordEvents(created(old, alice, before), created(young, bob, justNow))
  const { drifts } = await scene.reconcile()
  t.deepEqual(
    drifts.map(({ difference, resource, believed }) => [difference, resource, believed]),
    [
      ['gone', young, bob],
      ['gone', old, alice],
    ],
  )
  t.deepEqual([...scene.located('volume', old.id), ...scene.located('image', young.id)], [])
  t.deepEqual((await scene.reconcile()).drifts, [])
})

test('a resource that exists after its deletion is returned', async t => {
  const scene = await startScene(t)
  const id = await makeImage(scene)
  await scene.recordEvents(
    created(image(id), alice, before),
    deleted(image(id), { ...before, emittedAt: at(-86_400 * 299) }),
  )
  const { drifts } = await scene.reconcile()
  t.deepEqual(
    drifts.map(({ difference }) => difference),
    ['returned'],
  )
  t.deepEqual(scene.located('image', id), [`sp1 ${scene.admin.project}`])
})

test('a notification newer than the list has precedence', async t => {
  const scene = await startScene(t)
  const [removed, given] = [await makeImage(scene), await makeVolume(scene)]
  const later = { ...here, emittedAt: ((Date.now() + 60_000) * 1000) as typeof before.emittedAt }
  await scene.recordEvents(
    created(image(removed), alice, before),
    deleted(image(removed), later),
    created(volume(given), alice, before),
    transferred(volume(given), bob, later),
  )
  t.deepEqual((await scene.reconcile()).drifts, [])
})

test('a reconcile of one cloud changes nothing at another', async t => {
  const scene = await startScene(t)
  const id = await makeImage(scene)
  const elsewhere = { serviceProvider: idp, emittedAt: before.emittedAt }
  const other = volume(randomUUID())
  await scene.recordEvents(created(image(id), alice, elsewhere), created(other, alice, elsewhere))
  const { drifts } = await scene.reconcile()
  t.deepEqual(
    drifts.map(({ difference }) => difference),
    ['unknown'],
  )
  t.deepEqual(scene.located('image', id), [`default ${alice}`, `sp1 ${scene.admin.project}`])
  t.deepEqual(scene.located('volume', other.id), [`default ${alice}`])
})

test('resources of types that cannot be listed never count as deleted', async t => {
  const scene = await startScene(t)
  const attachment = { type: 'attachment', id: resourceId(randomUUID()) } as const
  const backup = { type: 'backup', id: resourceId(randomUUID()) } as const
  await scene.recordEvents(created(attachment, alice, before), created(backup, alice, before))
  t.deepEqual((await scene.reconcile()).drifts, [])
})

test('without an administrator only resources of its own project can count as deleted', async t => {
  const scene = await startScene(t, { auth: people.demo, user: null })
  const demo = await logIn(scene.federation.cloud('default'))
  const [own, others, nobodys] = [randomUUID(), randomUUID(), randomUUID()].map(volume)
  const atHome = { ...before, serviceProvider: idp }
  const [mine, theirs] = [projectId(demo.project), alice]
  await scene.recordEvents(
    ...(own && others && nobodys
      ? [
          created(own, mine, atHome),
          created(others, theirs, atHome),
          created(nobodys, null, atHome),
        ]
      : []),
  )
  const { drifts, outcome } = await scene.reconcile({ at: idp })
  t.deepEqual(outcome.as, { sees: 'project', project: mine })
  t.deepEqual(
    drifts.map(({ resource }) => resource),
    [own],
  )
})

test('a cloud without credentials is reconciled by federation', async t => {
  const scene = await startScene(t, { auth: people.demo, user: null })
  const open = await makeImage(scene, { visibility: 'public' })
  await makeImage(scene)
  const { drifts, outcome } = await scene.reconcile()
  t.is(outcome.as?.sees, 'project')
  t.deepEqual(
    drifts.map(({ resource }) => resource.id),
    [open],
  )
})

test('a cloud that admits no user of Mixmatch is a recorded failure', async t => {
  const scene = await startScene(t, { auth: people.admin, user: null })
  const { outcome } = await scene.reconcile()
  t.is(outcome.as, null)
  t.deepEqual(outcome.collections, [])
  t.regex(outcome.failed[0]?.reason ?? '', /not admitted there by federation.*\[sp_sp1\]/)
  t.is(JSON.parse(scene.events()[0]?.body ?? '').failed.length, 1)
})

test('a resource that the list omits and the cloud still has does not count as deleted', async t => {
  const empty = (cloud: string, request: IncomingMessage, response: ServerResponse) => {
    if (cloud !== 'sp1' || request.method !== 'GET' || pathOf(request) !== '/image/v2/images')
      return false
    response.setHeader('Content-Type', 'application/json').end('{"images":[]}')
    return true
  }
  const scene = await startScene(t, { intercept: empty })
  const id = await makeImage(scene)
  await scene.recordEvents(created(image(id), alice, before))
  t.deepEqual((await scene.reconcile()).drifts, [])
})

test('a resource with an event during the run is not compared with the list', async t => {
  const scene = await startScene(t)
  await makeImage(scene)
  const [old, young, busy] = [image(randomUUID()), image(randomUUID()), image(randomUUID())]
  await scene.recordEvents(created(old, alice, before), created(busy, alice, before))
  const { drifts } = await scene.reconcile({
    onProgress({ type }, record) {
      if (type === 'image') record([created(young, alice, before), changed(busy, alice, before)])
    },
  })
  const gone = drifts.filter(({ difference }) => difference === 'gone')
  t.deepEqual(
    gone.map(({ resource }) => resource),
    [old],
  )
})

test('an interrupted run records no end, and the next run finds the remaining differences', async t => {
  const scene = await startScene(t)
  await makeImage(scene)
  const disk = await makeVolume(scene)
  const interrupted = new AbortController()
  const run = scene.reconcile({
    signal: interrupted.signal,
    onProgress({ type }) {
      if (type === 'volume') interrupted.abort()
    },
  })
  t.is(await t.throwsAsync(run, { any: true }), interrupted.signal.reason)
  const said = scene.events().map(({ eventType }) => eventType)
  t.deepEqual(said, [ownEventTypes.reconcileUnknown], 'the images were done')
  const { drifts } = await scene.reconcile()
  t.deepEqual(
    drifts.map(({ resource }) => resource.id),
    [disk],
  )
})

test('a local error ends the run, and is not a failure of the cloud', async t => {
  const scene = await startScene(t)
  await using reconciler = openReconciler(scene.config, {
    ...scene,
    viewsFile: `${scene.path}/absent.db`,
  })
  const run = reconciler.reconcile(sp1, { append: () => t.fail() }, new AbortController().signal)
  await t.throwsAsync(run, { code: 'LOG_NOT_FOUND', message: /absent.db: no views there/ })
  const gone = () => Promise.reject(new MixmatchError('RECORDER_GONE', 'it went away'))
  await using other = openReconciler(scene.config, scene)
  await makeImage(scene)
  const left = other.reconcile(sp1, { append: gone }, new AbortController().signal)
  await t.throwsAsync(left, { code: 'RECORDER_GONE' })
})

test('a cloud is not compared with the views of another log', async t => {
  const [scene, other] = [await startScene(t), await startScene(t)]
  await scene.recordEvents(created(image(randomUUID()), alice, before))
  await other.recordEvents(created(image(randomUUID()), alice, before))
  const files = { ...scene, viewsFile: other.viewsFile }
  await using reconciler = openReconciler(scene.config, files)
  const run = reconciler.reconcile(sp1, { append: () => t.fail() }, new AbortController().signal)
  await t.throwsAsync(run, { code: 'VIEWS_UNAVAILABLE', message: /they are of another log/ })
})
