import test from 'ava'
import fc from 'fast-check'
import { MixmatchError } from '../../src/errors.js'
import { position, type ResourceKey, resourceId, spName } from '../../src/ids.js'
import { decide } from '../../src/routing/decide.js'
import { alice, bob, cornmeal, disk, idp, image, millet, snapshot } from '../controls.js'
import { at, cloud, clouds, federation, holds, request, volumes } from './requests.js'

const unknown = { searchByBroadcast: true }
const askCornmeal = { headers: { 'mm-service-provider': 'cornmeal' } }
const backup: ResourceKey = { type: 'backup', id: resourceId('4'.repeat(32)) }

test('a request for a located resource goes to its cloud, in its project', t => {
  const decision = decide(
    request(`GET /image/v2/images/${image.id}/file`),
    federation([holds(image, at(cornmeal, bob, position(42)))]),
  )
  t.deepEqual(decision, {
    kind: 'one',
    to: cornmeal,
    because: 'located',
    resource: image,
    owner: bob,
    restsOn: position(42),
  })
})

test('if several clouds hold a resource, the first is preferred and the reason is conflict', t => {
  const decision = decide(
    request(`DELETE /image/v2/images/${image.id}`),
    federation([holds(image, at(millet), at(cornmeal))]),
  )
  t.like(decision, { kind: 'one', to: millet, because: 'conflict' })
})

test('a volume and an image with the same id are different resources', t => {
  const decision = decide(
    request(`GET /image/v2/images/${disk.id}`),
    federation([holds(disk, at(cornmeal))]),
  )
  t.like(decision, { to: idp, because: 'default' })
})

test('a cloud that the user names has precedence over the located one', t => {
  const decision = decide(
    request(`GET /image/v2/images/${image.id}`, askCornmeal),
    federation([holds(image, at(millet))]),
  )
  t.like(decision, { to: cornmeal, because: 'asked', resource: null, owner: null, restsOn: null })
})

test('the decision has the owner if the user names a cloud that holds the resource', t => {
  const decision = decide(
    request(`GET /image/v2/images/${image.id}`, askCornmeal),
    federation([holds(image, at(millet, alice), at(cornmeal, bob))]),
  )
  t.like(decision, { to: cornmeal, because: 'asked', resource: image, owner: bob })
})

test('a list goes to one cloud if the user names that cloud', t => {
  const decision = decide(
    request('GET /image/v2/images', askCornmeal),
    federation([], { aggregation: true }),
  )
  t.like(decision, { kind: 'one', to: cornmeal, because: 'asked' })
})

test('a named cloud that is not configured gives an error that lists the configured ones', t => {
  const error = t.throws(
    () =>
      decide(
        request('GET /image/v2/images', { headers: { 'mm-service-provider': 'oatmeal' } }),
        federation(),
      ),
    { instanceOf: MixmatchError, code: 'UNKNOWN_SERVICE_PROVIDER' },
  )
  t.regex(error.message, /cornmeal, millet, default/)
})

test('a named cloud without the service gives an error', t => {
  const images = { ...cloud(cornmeal), enabledServices: ['image'] }
  const decideAt = (line: string) =>
    decide(request(line, askCornmeal), federation([], { clouds: [cloud(idp), images] }))
  t.like(decideAt('GET /image/v2/images'), { to: cornmeal })
  t.throws(() => decideAt(`GET ${volumes}/volumes`), { code: 'UNKNOWN_SERVICE_PROVIDER' })
})

const noVolumes = { ...cloud(idp, 'home'), enabledServices: ['image'] }

for (const aggregation of [true, false]) {
  test(`a list of a service that is enabled nowhere is empty, aggregation ${aggregation}`, t => {
    const nowhere = federation([], { aggregation, clouds: [noVolumes] })
    const decision = decide(request(`GET ${volumes}/volumes/detail`), nowhere)
    t.like(decision, { kind: 'aggregate', among: [], because: 'list', form: 'list' })
  })
}

for (const line of [
  `GET ${volumes}/volumes/${disk.id}`,
  `GET ${volumes}/types`,
  `GET ${volumes}/volumes/summary`,
  `POST ${volumes}/volumes`,
  'GET /volume/v3/',
]) {
  test(`${line} is 404 if the identity provider does not have the service`, t => {
    const error = t.throws(
      () => decide(request(line), federation([], { clouds: [noVolumes, cloud(cornmeal)] })),
      { instanceOf: MixmatchError, code: 'NOT_FOUND' },
    )
    t.regex(error.message, /enabled_services of \[sp_default\] does not list volume/)
  })
}

test('a request for a resource in a cloud without the service is 404, and goes to no other cloud', t => {
  const images = { ...cloud(cornmeal), enabledServices: ['image'] }
  const known = federation([holds(disk, at(cornmeal))], { clouds: [cloud(idp), images] })
  const error = t.throws(() => decide(request(`DELETE ${volumes}/volumes/${disk.id}`), known), {
    instanceOf: MixmatchError,
    code: 'NOT_FOUND',
  })
  t.regex(error.message, /"cornmeal".*enabled_services of \[sp_cornmeal\] does not list volume/)
})

test('a version document comes from the only cloud that has the service', t => {
  const known = federation([], { aggregation: true, clouds: [noVolumes, cloud(cornmeal)] })
  t.like(decide(request('GET /volume/'), known), { to: cornmeal, because: 'versions' })
})

test('a place in a cloud that is no longer configured does not count', t => {
  const decision = decide(
    request(`GET /image/v2/images/${image.id}`),
    federation([holds(image, at(spName('gone')), at(cornmeal))]),
  )
  t.like(decision, { to: cornmeal, because: 'located' })
})

for (const line of [
  'GET /image/v2/schemas/image',
  `GET ${volumes}/types/${disk.id}`,
  `GET ${volumes}/limits`,
  'HEAD /image',
]) {
  test(`${line} goes to the identity provider, whatever options are on`, t => {
    const decision = decide(request(line), federation([], { ...unknown, aggregation: true }))
    t.like(decision, { kind: 'one', to: idp, because: 'local' })
  })
}

// Lists

test('with aggregation, a list is merged from all clouds, the identity provider first', t => {
  const decision = decide(
    request(`GET ${volumes}/volumes/detail?limit=2`),
    federation([], { aggregation: true }),
  )
  t.deepEqual(decision, {
    kind: 'aggregate',
    among: [idp, cornmeal, millet],
    because: 'list',
    form: 'list',
    envelope: 'volumes',
  })
})

test('without aggregation, a list goes to the identity provider', t => {
  const decision = decide(request('GET /image/v2/images'), federation([], unknown))
  t.like(decision, { kind: 'one', to: idp, because: 'default' })
})

test('a list is merged from the clouds that have the service, if one does not have it', t => {
  const options = { aggregation: true, clouds: [noVolumes, cloud(cornmeal), cloud(millet)] }
  t.like(decide(request(`GET ${volumes}/volumes`), federation([], options)), {
    kind: 'aggregate',
    among: [cornmeal, millet],
  })
})

test('a version document of the identity provider is no choice if no other cloud has the service', t => {
  const options = { aggregation: true, clouds: [cloud(idp)] }
  const decision = decide(request('GET /volume/'), federation([], options))
  t.like(decision, { to: idp, because: 'local' })
})

test('a list is not merged if only one cloud has the service', t => {
  const decision = decide(
    request('GET /image/v2/images'),
    federation([], { aggregation: true, clouds: [cloud(idp)] }),
  )
  t.like(decision, { kind: 'one', to: idp, because: 'list' })
})

test('the summary of volumes is added up over all clouds', t => {
  const line = `GET ${volumes}/volumes/summary`
  const decision = decide(request(line), federation([], { aggregation: true }))
  t.like(decision, { kind: 'aggregate', because: 'list', form: 'sum' })
})

for (const [turnedOn, setting] of [
  ['aggregation', { aggregation: true }],
  ['search', { searchByBroadcast: true }],
] as const) {
  test(`version documents are merged from all clouds if ${turnedOn} is on`, t => {
    for (const line of ['GET /image', 'GET /image/versions', 'GET /volume/v3/']) {
      const decision = decide(request(line), federation([], setting))
      t.like(decision, { kind: 'aggregate', because: 'versions', among: [idp, cornmeal, millet] })
    }
  })
}

test('version documents come from the identity provider without aggregation and search', t => {
  t.like(decide(request('GET /image'), federation()), { kind: 'one', to: idp, because: 'local' })
})

for (const line of [`POST ${volumes}/volumes`, `HEAD ${volumes}/volumes`, 'GET /image/v2/cache']) {
  test(`${line} is not merged`, t => {
    const decision = decide(request(line), federation([], { aggregation: true }))
    t.like(decision, { kind: 'one', to: idp, because: 'default' })
  })
}

// Names

for (const [line, body] of [
  ['POST /image/v2/images', { name: 'cirros@cornmeal' }],
  [`POST ${volumes}/volumes`, { volume: { name: 'disk@cornmeal', size: 1 } }],
  [`POST ${volumes}/groups`, { group: { name: 'alice@example.com@cornmeal' } }],
] as const) {
  test(`${line} with ${JSON.stringify(body)} goes to cornmeal`, t => {
    t.like(decide(request(line, { body }), federation()), { to: cornmeal, because: 'named' })
  })
}

test('a new name may choose the identity provider', t => {
  const named = request('POST /image/v2/images', { body: { name: 'cirros@default' } })
  t.like(decide(named, federation()), { to: idp, because: 'named' })
})

for (const name of [
  'cirros',
  'alice@example.com',
  'x@cornmeal@',
  'x@cornmeal ',
  'cornmeal',
  null,
  7,
  ['x@cornmeal'],
]) {
  test(`an image with the name ${JSON.stringify(name)} is created at the identity provider`, t => {
    const named = request('POST /image/v2/images', { body: { name } })
    t.like(decide(named, federation()), { to: idp, because: 'default' })
  })
}

for (const body of [
  undefined,
  null,
  [],
  'x@cornmeal',
  { volume: null },
  { volume: 'x@cornmeal' },
]) {
  test(`a new volume with the body ${JSON.stringify(body)} goes to the identity provider, which rejects it`, t => {
    const odd = request(`POST ${volumes}/volumes`, body === undefined ? {} : { body })
    t.like(decide(odd, federation()), { to: idp, because: 'default' })
  })
}

test('a new name does not count if the user names a cloud in a header', t => {
  const named = request('POST /image/v2/images', {
    headers: { 'mm-service-provider': 'millet' },
    body: { name: 'cirros@cornmeal' },
  })
  t.like(decide(named, federation()), { to: millet, because: 'asked' })
})

test('the name in an update does not choose the cloud', t => {
  const renamed = request(`PUT ${volumes}/volumes/${disk.id}`, {
    body: { volume: { name: 'disk@cornmeal' } },
  })
  t.like(decide(renamed, federation([holds(disk, at(millet))])), { to: millet })
})

test('a new name cannot choose a cloud without the service', t => {
  const images = { ...cloud(cornmeal), enabledServices: ['image'] }
  const named = request(`POST ${volumes}/volumes`, { body: { volume: { name: 'disk@cornmeal' } } })
  t.throws(() => decide(named, federation([], { clouds: [cloud(idp), images] })), {
    code: 'UNKNOWN_SERVICE_PROVIDER',
  })
})

test('a new name cannot choose another cloud than that of the snapshot of the volume', t => {
  const named = request(`POST ${volumes}/volumes`, {
    body: { volume: { name: 'disk@cornmeal', snapshot_id: snapshot.id } },
  })
  const error = t.throws(() => decide(named, federation([holds(snapshot, at(millet))])), {
    instanceOf: MixmatchError,
    code: 'CONFLICTING_REFERENCES',
  })
  t.regex(error.message, new RegExp(`"cornmeal".*snapshot ${snapshot.id} at millet`))
})

// References

for (const [line, body, key] of [
  [`POST ${volumes}/volumes`, { volume: { snapshot_id: snapshot.id } }, snapshot],
  [`POST ${volumes}/volumes`, { volume: { source_volid: disk.id, name: null } }, disk],
  [`POST ${volumes}/volumes`, { volume: { backup_id: backup.id } }, backup],
  [
    `POST ${volumes}/volumes`,
    { volume: {}, 'OS-SCH-HNT:scheduler_hints': { same_host: [disk.id] } },
    disk,
  ],
  [`POST ${volumes}/snapshots`, { snapshot: { volume_id: disk.id } }, disk],
  [`POST ${volumes}/backups`, { backup: { volume_id: disk.id } }, disk],
  [`POST ${volumes}/attachments`, { attachment: { volume_uuid: disk.id } }, disk],
  [`POST ${volumes}/os-volume-transfer`, { transfer: { volume_id: disk.id } }, disk],
  [`POST ${volumes}/volume-transfers`, { transfer: { volume_id: disk.id } }, disk],
  [`POST ${volumes}/manageable_snapshots`, { snapshot: { volume_id: disk.id } }, disk],
  [`PUT ${volumes}/groups/${image.id}`, { group: { add_volumes: `x, ${disk.id}` } }, disk],
  [`POST ${volumes}/snapshots/`, { snapshot: { volume_id: disk.id.toUpperCase() } }, disk],
] as const) {
  test(`${line} with ${JSON.stringify(body)} goes to the cloud of the ${key.type}`, t => {
    const decision = decide(
      request(line, { body }),
      federation([holds(key, at(cornmeal, bob))], { searchByBroadcast: true }),
    )
    t.like(decision, { kind: 'one', to: cornmeal, because: 'referred', resource: key, owner: bob })
  })
}

test('a volume that is made from an image may be created in any cloud', t => {
  const fromImage = request(`POST ${volumes}/volumes`, { body: { volume: { imageRef: image.id } } })
  t.like(decide(fromImage, federation([holds(image, at(cornmeal))], unknown)), {
    to: idp,
    because: 'default',
  })
})

test('a transfer is accepted in the cloud of its volume', t => {
  const transfer: ResourceKey = { type: 'transfer', id: resourceId('5'.repeat(32)) }
  const accepted = request(`POST ${volumes}/os-volume-transfer/${transfer.id}/accept`, {
    body: { accept: { auth_key: '9266c59563c84664' } },
  })
  t.like(decide(accepted, federation([holds(transfer, at(cornmeal, bob))])), {
    to: cornmeal,
    because: 'located',
  })
})

test('a request that needs resources of two clouds gives an error that names both', t => {
  const both = request(`POST ${volumes}/volumes`, {
    body: { volume: { snapshot_id: snapshot.id, source_volid: disk.id } },
  })
  const held = [holds(snapshot, at(cornmeal)), holds(disk, at(idp))]
  const error = t.throws(() => decide(both, federation(held)), {
    instanceOf: MixmatchError,
    code: 'CONFLICTING_REFERENCES',
  })
  t.regex(error.message, new RegExp(`snapshot ${snapshot.id} at cornmeal`))
  t.regex(error.message, new RegExp(`volume ${disk.id} at default`))
})

test('a backup cannot be restored to a volume of another cloud', t => {
  const restore = request(`POST ${volumes}/backups/${backup.id}/restore`, {
    body: { restore: { volume_id: disk.id } },
  })
  const held = [holds(backup, at(cornmeal)), holds(disk, at(millet))]
  t.throws(() => decide(restore, federation(held)), { code: 'CONFLICTING_REFERENCES' })
})

test('a request for a group and volumes goes to the cloud that holds all of them', t => {
  const group: ResourceKey = { type: 'group', id: resourceId('6'.repeat(32)) }
  const update = request(`PUT ${volumes}/groups/${group.id}`, {
    body: { group: { add_volumes: disk.id, remove_volumes: null } },
  })
  const held = [holds(group, at(idp), at(millet)), holds(disk, at(millet))]
  t.like(decide(update, federation(held)), { to: millet, because: 'conflict', resource: group })
})

test('if one of two references is not located, the located one decides', t => {
  const both = request(`POST ${volumes}/volumes`, {
    body: { volume: { snapshot_id: snapshot.id, source_volid: disk.id } },
  })
  t.like(decide(both, federation([holds(disk, at(millet))], unknown)), {
    kind: 'one',
    to: millet,
    because: 'referred',
  })
})

// What is not known

test('an unknown resource is searched for in all clouds, the identity provider first', t => {
  t.deepEqual(decide(request(`GET /image/v2/images/${image.id}`), federation([], unknown)), {
    kind: 'search',
    among: [idp, cornmeal, millet],
    because: 'unknown',
    resource: image,
    readOnly: true,
  })
})

for (const method of ['HEAD', 'OPTIONS']) {
  test(`${method} for an unknown resource changes nothing, so each cloud may be asked`, t => {
    const decision = decide(
      request(`${method} /image/v2/images/${image.id}`),
      federation([], unknown),
    )
    t.like(decision, { kind: 'search', readOnly: true })
  })
}

for (const line of [
  `DELETE ${volumes}/volumes/${disk.id}`,
  `POST ${volumes}/volumes/${disk.id}/action`,
  `PUT /image/v2/images/${disk.id}/file`,
  `PATCH /image/v2/images/${disk.id}`,
]) {
  test(`${line} for an unknown resource is sent once, after a search`, t => {
    t.like(decide(request(line), federation([], unknown)), { kind: 'search', readOnly: false })
  })
}

test('an unknown resource in a body is searched for before the create is sent', t => {
  const create = request(`POST ${volumes}/snapshots`, {
    body: { snapshot: { volume_id: disk.id } },
  })
  t.like(decide(create, federation([], unknown)), {
    kind: 'search',
    resource: disk,
    readOnly: false,
  })
})

test('without search_by_broadcast nothing is searched for', t => {
  t.like(decide(request(`GET /image/v2/images/${image.id}`), federation()), {
    to: idp,
    because: 'default',
  })
})

test('nothing is searched for if there is no service provider', t => {
  const alone = federation([], { ...unknown, clouds: [cloud(idp)] })
  t.like(decide(request(`GET /image/v2/images/${image.id}`), alone), {
    to: idp,
    because: 'default',
  })
})

test('a name in the place of an id is not searched for', t => {
  t.like(decide(request('GET /image/v2/images/cirros'), federation([], unknown)), {
    to: idp,
    because: 'default',
  })
})

test('a cloud without the service is not searched', t => {
  const images = { ...cloud(cornmeal), enabledServices: ['image'] }
  const decision = decide(
    request(`GET ${volumes}/volumes/${disk.id}`),
    federation([], { ...unknown, clouds: [cloud(idp), images, cloud(millet)] }),
  )
  t.like(decision, { kind: 'search', among: [idp, millet] })
})

// Chains of proxies

const passedCornmeal = { headers: { 'mm-proxy-list': 'elsewhere, cornmeal' } }

for (const [line, headers] of [
  [`GET /image/v2/images/${image.id}`, passedCornmeal.headers],
  ['GET /image/v2/images', { ...passedCornmeal.headers, ...askCornmeal.headers }],
  ['GET /image/v2/images', { 'mm-proxy-list': 'home' }],
] as const) {
  test(`${line} with ${JSON.stringify(headers)} is a loop`, t => {
    t.throws(() => decide(request(line, { headers }), federation([holds(image, at(cornmeal))])), {
      instanceOf: MixmatchError,
      code: 'PROXY_LOOP',
    })
  })
}

test('errors show no token that came in MM-PROXY-LIST or MM-SERVICE-PROVIDER', t => {
  const token = 'gAAAAABl0123456789ab'
  for (const headers of [
    { 'mm-proxy-list': `home, ${token}` },
    { 'mm-service-provider': token },
    { 'mm-service-provider': 'x'.repeat(60_000) },
  ]) {
    const error = t.throws(() => decide(request('GET /image/v2/images', { headers }), federation()))
    t.false(error.message.includes(token), error.message)
    t.true(error.message.length < 600)
  }
})

test('a new name with a cloud that the request has passed is a loop', t => {
  const named = request('POST /image/v2/images', {
    ...passedCornmeal,
    body: { name: 'x@cornmeal' },
  })
  t.throws(() => decide(named, federation()), { code: 'PROXY_LOOP' })
})

test('if two clouds hold a resource, the one that the request has not passed is chosen', t => {
  const decision = decide(
    request(`GET /image/v2/images/${image.id}`, passedCornmeal),
    federation([holds(image, at(cornmeal), at(millet))]),
  )
  t.like(decision, { to: millet })
})

test('searches and lists leave out the clouds that the request has passed', t => {
  const everything = federation([], { ...unknown, aggregation: true })
  for (const line of [`GET /image/v2/images/${image.id}`, 'GET /image/v2/images']) {
    t.like(decide(request(line, passedCornmeal), everything), { among: [idp, millet] })
  }
})

for (const name of ['default', 'home']) {
  test(`MM-PROXY-LIST may name the identity provider as ${name}`, t => {
    const asked = request('GET /image/v2/images', {
      headers: { 'mm-proxy-list': name, 'mm-service-provider': 'default' },
    })
    t.throws(() => decide(asked, federation()), { code: 'PROXY_LOOP' })
    const list = request('GET /image/v2/images', { headers: { 'mm-proxy-list': name } })
    const everywhere = federation([], { aggregation: true })
    t.like(decide(list, everywhere), { among: [cornmeal, millet] })
  })
}

for (const name of ['grits', 'Cornmeal Inc']) {
  test(`a request for a resource in a cloud that MM-PROXY-LIST names as ${name} is a loop`, t => {
    const read = request(`GET /image/v2/images/${image.id}`, { headers: { 'mm-proxy-list': name } })
    const grits = spName('grits')
    const known = federation([holds(image, at(grits))], {
      clouds: [cloud(idp, 'home'), cloud(grits, 'Cornmeal Inc')],
    })
    t.throws(() => decide(read, known), { code: 'PROXY_LOOP' })
  })
}

// Laws

const someClouds = fc.subarray([idp, cornmeal, millet]).map(names => names.map(name => at(name)))

test('a write goes to one cloud that holds all resources it needs, or is located first, or is rejected', t => {
  const body = {
    snapshot: { volume_id: disk.id },
    volume: { source_volid: disk.id, snapshot_id: snapshot.id },
  }
  const writes = fc.constantFrom(
    { line: `DELETE ${volumes}/volumes/${disk.id}`, needs: [disk] },
    { line: `POST ${volumes}/snapshots`, needs: [disk] },
    { line: `POST ${volumes}/volumes`, needs: [disk, snapshot] },
  )
  fc.assert(
    fc.property(writes, someClouds, someClouds, ({ line, needs }, disks, snapshots) => {
      const known = federation([holds(disk, ...disks), holds(snapshot, ...snapshots)], {
        ...unknown,
        aggregation: true,
      })
      const located = needs
        .map(need => known.locate(need.type, need.id))
        .map(places => places.map(({ serviceProvider }) => serviceProvider))
        .filter(names => names.length > 0)
      const [first = []] = located
      const fit = first.filter(name => located.every(names => names.includes(name)))

      if (located.length > 0 && fit.length === 0) {
        t.throws(() => decide(request(line, { body }), known), { code: 'CONFLICTING_REFERENCES' })
        return
      }
      const decision = decide(request(line, { body }), known)
      if (decision.kind === 'one') t.true(fit.includes(decision.to))
      else t.like(decision, { kind: 'search', readOnly: false })
      t.is(decision.kind === 'one', located.length > 0)
    }),
  )
})

test('the order of the configured clouds does not change the decision on a located resource', t => {
  const shuffled = fc.shuffledSubarray([...clouds], { minLength: clouds.length })
  fc.assert(
    fc.property(shuffled, someClouds, (order, places) => {
      const held = [holds(image, ...places)]
      const line = request(`GET /image/v2/images/${image.id}`)
      t.deepEqual(decide(line, federation(held, { clouds: order })), decide(line, federation(held)))
    }),
  )
})
