import test from 'ava'
import { resourceId } from '../../src/ids.js'
import { parsePath } from '../../src/routing/path.js'
import {
  findReadResource,
  findReferences,
  findRequestRule,
  needsBody,
} from '../../src/routing/request-rule.js'
import { alice, disk, image } from '../controls.js'
import { request, volumes } from './requests.js'

for (const line of [
  'POST /image/v2/images',
  `POST ${volumes}/volumes`,
  `POST ${volumes}/snapshots`,
  `POST ${volumes}/groups/action`,
  `PUT ${volumes}/groups/${disk.id}`,
  `POST ${volumes}/backups/${disk.id}/restore`,
  `POST ${volumes}/manageable_snapshots`,
]) {
  test(`the decision on ${line} needs its body`, t => {
    t.true(needsBody(request(line)))
  })
}

for (const line of [
  'GET /image/v2/images',
  `PUT /image/v2/images/${image.id}/file`,
  `POST /image/v2/images/${image.id}/import`,
  `POST ${volumes}/volumes/${disk.id}/action`,
  `POST ${volumes}/backups/import_record`,
  `POST ${volumes}/types`,
  'POST /image/v2',
]) {
  test(`the decision on ${line} does not need its body`, t => {
    t.false(needsBody(request(line)))
  })
}

test('the decision does not need the body if the user names a cloud', t => {
  const headers = { 'mm-service-provider': 'cornmeal' }
  t.false(needsBody(request(`POST ${volumes}/volumes`, { headers })))
})

test('a reference is an id, or several with commas between them; an empty field refers to nothing', t => {
  const other = resourceId('5'.repeat(32))
  const body = { group: { add_volumes: `${disk.id}, ,${other}`, remove_volumes: '' } }
  t.deepEqual(findReferences(request(`PUT ${volumes}/groups/${disk.id}`, { body })), [
    disk,
    { type: 'volume', id: other },
  ])
  t.deepEqual(findReferences(request('GET /image/v2/images', { body })), [])
})

test('the rule of a create says where its response has the id of the new resource', t => {
  const creates = (line: string) => {
    const { method, path } = request(line)
    return findRequestRule(method, path)?.creates
  }
  t.like(creates('POST /image/v2/images'), { type: 'image', id: '/id', project: '/owner' })
  t.like(creates(`POST ${volumes}/volumes`), { type: 'volume', id: '/volume/id' })
  t.like(creates(`POST ${volumes}/volumes/${disk.id}/action`), { type: 'image' })
  t.is(creates(`PUT ${volumes}/volumes/${disk.id}`), undefined)
  t.is(creates('POST /image/v2/images/constructor'), undefined)
})

test('a read of the resource itself is recognised', t => {
  t.deepEqual(findReadResource('GET', parsePath(`/image/v2/images/${image.id}`)), image)
  t.deepEqual(findReadResource('HEAD', parsePath(`/image/v2.9/images/${image.id}?x=y`)), image)
  t.deepEqual(findReadResource('GET', parsePath(`${volumes}/volumes/${disk.id}`)), disk)
})

for (const [why, method, path] of [
  ['of a method that does not read', 'DELETE', `${volumes}/volumes/${disk.id}`],
  ['below the resource', 'GET', `${volumes}/volumes/${disk.id}/metadata/colour`],
  ['with a slash too many', 'GET', `${volumes}/volumes/${disk.id}/`],
  ['of the image in one store', 'GET', `/image/v2/stores/fast/${image.id}`],
  ['in another spelling', 'GET', `${volumes}/volumes/${disk.id.replaceAll('-', '')}`],
  ['without a project', 'GET', `/volume/v3/volumes/${disk.id}`],
  ['in a version that is gone', 'GET', `/volume/v2/${alice}/volumes/${disk.id}`],
  ['below a microversion', 'GET', `${volumes}/attachments/${disk.id}`],
  ['under an old name', 'GET', `${volumes}/consistencygroups/${disk.id}`],
  ['of a collection', 'GET', `${volumes}/volumes`],
] as const) {
  test(`a 404 ${why} does not mean that the resource is gone`, t => {
    t.is(findReadResource(method, parsePath(path)), null)
  })
}
