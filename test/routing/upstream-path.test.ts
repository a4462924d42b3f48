import test from 'ava'
import { projectId, type ResourceKey, resourceId } from '../../src/ids.js'
import { parsePath } from '../../src/routing/path.js'
import {
  buildResourcePath,
  buildUpstreamPath,
  endpointBase,
  planConclusiveRead,
  replaceProject,
} from '../../src/routing/upstream-path.js'
import { alice, bob, disk, image, snapshot } from '../controls.js'

for (const [came, sent] of [
  ['/image', '/'],
  ['/image/', '/'],
  ['/image?x', '/?x'],
  ['/image/versions', '/versions'],
  ['/image/v2', '/v2'],
  ['/volume/v3/', '/v3/'],
  [
    `/image/v2/images/${image.id}/tags/a%3Fb?a=%2F&a=`,
    `/v2/images/${image.id}/tags/a%3Fb?a=%2F&a=`,
  ],
  ['/volume/v3/types', '/v3/types'],
] as const) {
  test(`${came} becomes ${sent} at the identity provider and at a service provider`, t => {
    t.is(buildUpstreamPath(parsePath(came), null), sent)
    t.is(buildUpstreamPath(parsePath(came), bob), sent)
  })
}

test('the project in the path becomes that of the token at a service provider, and stays unchanged at the identity provider', t => {
  const path = parsePath(`/volume/v3/${alice.toUpperCase()}/volumes/${disk.id}?x`)
  t.is(buildUpstreamPath(path, bob), `/v3/${bob}/volumes/${disk.id}?x`)
  t.is(buildUpstreamPath(path, null), `/v3/${alice.toUpperCase()}/volumes/${disk.id}?x`)
})

test('a project id of another cloud stays within its segment of the path', t => {
  const path = parsePath(`/volume/v3/${alice}/volumes`)
  t.is(buildUpstreamPath(path, projectId('a?x=#')), '/v3/a%3Fx%3D%23/volumes')
  for (const id of ['../os-hosts', '..', '', 'a\\b']) {
    t.throws(() => buildUpstreamPath(path, projectId(id)), { code: 'BAD_REQUEST' }, id)
    t.throws(() => replaceProject(`/x/${alice}`, alice, projectId(id)), { code: 'BAD_REQUEST' }, id)
  }
})

for (const [came, sent] of [
  [`/v2/images/${image.id}/members/${alice}`, `/v2/images/${image.id}/members/${bob}`],
  [`/v3/${bob}/os-quota-sets/${alice}?usage=True`, `/v3/${bob}/os-quota-sets/${bob}?usage=True`],
  [`/v2/images?owner=${alice}&tag=a%3Fb`, `/v2/images?owner=${bob}&tag=a%3Fb`],
  [`/v2/images?name=of-${alice}`, `/v2/images?name=of-${alice}`],
] as const) {
  test(`at a service provider, ${came} becomes ${sent}`, t => {
    t.is(replaceProject(came, alice, bob), sent)
    t.is(replaceProject(came, null, bob), came)
    t.is(replaceProject(came, alice, null), came)
  })
}

for (const [from, resource, path] of [
  [`/image/v2/images/${image.id}/file?x`, image, `/v2/images/${image.id}`],
  [`/image/v2/stores/fast/${image.id}`, image, `/v2/images/${image.id}`],
  [`/volume/v3/${alice}/snapshots`, disk, `/v3/${bob}/volumes/${disk.id}`],
  [`/volume/v3/volumes`, snapshot, `/v3/snapshots/${snapshot.id}`],
  [
    `/volume/v3/${alice}/volume-transfers/${disk.id}/accept`,
    { type: 'transfer', id: disk.id },
    `/v3/${bob}/volume-transfers/${disk.id}`,
  ],
  [
    `/volume/v3/${alice}/consistencygroups/${disk.id}/update`,
    { type: 'group', id: disk.id },
    `/v3/${bob}/consistencygroups/${disk.id}`,
  ],
] satisfies readonly [string, ResourceKey, string][]) {
  test(`the ${resource.type} that ${from} needs is read with ${path}`, t => {
    const read = buildResourcePath(resource, parsePath(from))
    t.truthy(read)
    if (read) {
      t.is(buildUpstreamPath(read, bob), path)
      t.like(read.target, { kind: 'resource', ...resource, tail: '' })
    }
  })
}

test('an image has no path in the volume service', t => {
  t.is(buildResourcePath(image, parsePath(`/volume/v3/${alice}/volumes`)), null)
})

for (const [url, base] of [
  ['http://cloud:8776', 'http://cloud:8776'],
  ['http://cloud:8776/', 'http://cloud:8776'],
  ['http://cloud:8776/v3', 'http://cloud:8776'],
  [`http://cloud:8776/v3/${alice}`, 'http://cloud:8776'],
  ['https://cloud/volume/v3/%(project_id)s/', 'https://cloud/volume'],
  ['https://cloud/image/v2.17//', 'https://cloud/image'],
  ['https://cloud/v1cloud/image', 'https://cloud/v1cloud/image'],
  ['https://cloud/v1/image/v2', 'https://cloud/v1/image'],
  ['http://v3.example/volume?x#y', 'http://v3.example/volume'],
  ['http://v3', 'http://v3'],
] as const) {
  test(`the base of the endpoint ${url} is ${base}`, t => {
    t.is(endpointBase(url), base)
    t.is(endpointBase(base), base)
  })
}

for (const id of ['../../x', '..%2f..%2fx', 'x?y=z', 'x#y', 'a b', '..', '.', '', 'a\r\nb']) {
  test(`a resource with the id ${JSON.stringify(id)} stays within its segment of the path`, t => {
    const read = buildResourcePath(
      { type: 'image', id: resourceId(id) },
      parsePath('/image/v2/images'),
    )
    if (read === null) return void t.regex(id, /^\.{0,2}$|[/\r\n]/)
    const sent = buildUpstreamPath(read, null)
    const [, , , segment = ''] = new URL(sent, 'http://cloud').pathname.split('/')
    t.is(decodeURIComponent(segment), id)
    t.is(sent, `/v2/images/${segment}`)
  })
}

test('a resource that the path itself names keeps its spelling', t => {
  const path = parsePath('/image/v2/images/cirros%200.6/tags/x')
  const read = buildResourcePath({ type: 'image', id: resourceId('cirros%200.6') }, path)
  t.is(read?.rest, '/images/cirros%200.6')
})

test('a resource of another type or id than the path names is encoded like any other', t => {
  const path = parsePath('/image/v2/images/cirros/tags/x')
  for (const type of ['image', 'task'] as const) {
    const read = buildResourcePath({ type, id: resourceId('a?b#c') }, path)
    t.is(read?.rest, `/${type}s/a%3Fb%23c`)
    t.is(buildResourcePath({ type, id: resourceId('..') }, path), null)
  }
})

test('a text with escapes is kept only as the id of the resource that the path names', t => {
  const path = parsePath('/image/v2/images/cirros%200.6')
  const read = buildResourcePath({ type: 'task', id: resourceId('cirros%200.6') }, path)
  t.is(read?.rest, '/tasks/cirros%25200.6')
})

test('a conclusive read is in the own project and the version that every cloud has, whatever the request has', t => {
  const from = parsePath(`/volume/v2/${alice}/snapshots/detail?x`)
  const read = planConclusiveRead(disk, from, bob)
  t.like(read, { microversion: null, isConclusive: true })
  t.is(read && buildUpstreamPath(read.path, null), `/v3/${bob}/volumes/${disk.id}`)
  t.is(planConclusiveRead(disk, from, null)?.path.projectSegment, alice)
  t.is(planConclusiveRead(image, from, bob), null)
  t.is(planConclusiveRead({ type: 'volume', id: resourceId('..') }, from, bob), null)
})

test('a read without a project proves nothing in Cinder, but does in Glance', t => {
  const volumes = parsePath('/volume/v3/snapshots')
  const images = parsePath('/image/v2/images')
  t.is(planConclusiveRead(disk, volumes, null)?.isConclusive, false)
  t.like(planConclusiveRead(image, images, bob), {
    isConclusive: true,
    path: { projectSegment: null, rest: `/images/${image.id}` },
  })
})
