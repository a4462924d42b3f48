import test from 'ava'
import { position, type ResourceKey } from '../../src/ids.js'
import { type Evidence, noEvidence, type Place } from '../../src/projection/place.js'
import { decide } from '../../src/routing/decide.js'
import { describeCondition, describeDecision } from '../../src/routing/decision.js'
import { alice, bob, cornmeal, disk, idp, image, millet, snapshot } from '../controls.js'
import { at, cloud, federation, holds, proven, request, volumes } from './requests.js'

/** A federation in which a service provider claims the resource, with this evidence about its id. */
function claimed(key: ResourceKey, evidence: Partial<Evidence> = {}, options = {}) {
  return federation([holds(key, at(cornmeal, bob, position(42)))], {
    clouds: [cloud(idp, 'home'), cloud(millet), cloud(cornmeal)],
    evidence: () => ({ ...noEvidence, ...evidence }),
    ...options,
  })
}

const absentAtHome = { absent: [{ serviceProvider: idp, project: null }] }
const absentForAlice = { absent: [{ serviceProvider: idp, project: alice }] }
const lines = [
  `GET /image/v2/images/${image.id}`,
  `PUT /image/v2/images/${image.id}/file`,
  `PATCH /image/v2/images/${image.id}`,
  `DELETE /image/v2/images/${image.id}`,
]

for (const line of lines) {
  test(`${line} for a claimed resource goes nowhere before the identity provider is asked`, t => {
    t.deepEqual(decide({ ...request(line), project: alice }, claimed(image)), {
      kind: 'one',
      to: cornmeal,
      because: 'located',
      resource: image,
      owner: bob,
      restsOn: position(42),
      askFirst: [idp],
    })
  })

  test(`${line} goes to the claiming cloud if the identity provider is known not to hold the image`, t => {
    const decision = decide({ ...request(line), project: alice }, claimed(image, absentAtHome))
    t.like(decision, {
      kind: 'one',
      to: cornmeal,
      because: 'located',
      owner: bob,
      askFirst: undefined,
    })
  })
}

test('a 404 for one project at the identity provider proves nothing for another project', t => {
  const line = request(lines[0] ?? '')
  const federation = claimed(image, absentForAlice)
  t.like(decide({ ...line, project: alice }, federation), { to: cornmeal, askFirst: undefined })
  t.like(decide({ ...line, project: bob }, federation), { askFirst: [idp] })
  t.like(decide({ ...line, project: null }, federation), { askFirst: [idp] })
})

test('a resource that the operator imported needs no other proof', t => {
  const decision = decide(request(lines[0] ?? ''), claimed(image, { imported: [cornmeal] }))
  t.like(decision, { kind: 'one', to: cornmeal, because: 'located', askFirst: undefined })
})

test('the identity provider is not asked about a service that it does not have', t => {
  const clouds = [{ ...cloud(idp, 'home'), enabledServices: ['volume'] }, cloud(cornmeal)]
  const decision = decide(request(lines[0] ?? ''), claimed(image, {}, { clouds }))
  t.like(decision, { to: cornmeal, askFirst: undefined })
})

test('a resource of the identity provider stays there if a service provider claims it', t => {
  const known = claimed(image, {}, { locate: () => [at(idp), at(cornmeal)] })
  t.like(decide(request(lines[3] ?? ''), known), { to: idp, because: 'conflict' })
})

test('the results of its own reads decide where a request goes', t => {
  const line = { ...request(lines[3] ?? ''), project: alice }
  const probe = { cloud: idp, resource: image, project: alice }
  const missed = { ...line, presenceChecks: [{ ...probe, isThere: false }] }
  t.like(decide(missed, claimed(image)), {
    kind: 'one',
    to: cornmeal,
    because: 'located',
    askFirst: undefined,
  })
  const found = { ...line, presenceChecks: [{ ...probe, isThere: true }] }
  t.like(decide(found, claimed(image)), { kind: 'one', to: idp, because: 'conflict' })
})

test('the result of a read of another resource does not decide', t => {
  const line = { ...request(lines[3] ?? ''), project: alice }
  const others: readonly ResourceKey[] = [
    { ...image, id: disk.id },
    { ...image, type: 'task' },
  ]
  for (const resource of others) {
    for (const isThere of [true, false]) {
      const check = { cloud: idp, resource, project: alice, isThere }
      const decision = decide({ ...line, presenceChecks: [check] }, claimed(image))
      t.like(decision, { to: cornmeal, because: 'located', askFirst: [idp] })
    }
  }
})

test('a claim does not decide for a resource in a body, and does not prevent a name from choosing its cloud', t => {
  const body = { volume: { snapshot_id: snapshot.id } }
  const create = request(`POST ${volumes}/volumes`, { body })
  t.like(decide(create, claimed(snapshot)), {
    because: 'referred',
    resource: snapshot,
    askFirst: [idp],
  })
  const named = request(`POST ${volumes}/volumes`, {
    body: { volume: { ...body.volume, name: 'x@default' } },
  })
  t.like(decide(named, claimed(snapshot)), { kind: 'one', to: idp, because: 'named' })
})

test('no cloud is asked if the user names a cloud', t => {
  const line = request(`DELETE ${volumes}/volumes/${disk.id}`, {
    headers: { 'mm-service-provider': 'cornmeal' },
  })
  t.like(decide(line, claimed(disk)), { kind: 'one', to: cornmeal, because: 'asked' })
})

test('with search_by_broadcast the service providers configured before the claimant are asked, too', t => {
  const line = request(lines[0] ?? '')
  const searching = { searchByBroadcast: true }
  t.like(decide(line, claimed(image, {}, searching)), { askFirst: [idp, millet] })
  t.like(decide(line, claimed(image, absentAtHome, searching)), { askFirst: [millet] })
})

test('a claim that nothing confirms makes no conflict for a resource of the identity provider', t => {
  const home = { searchByBroadcast: true, locate: () => [at(idp), at(cornmeal)] }
  const decision = decide(request(lines[3] ?? ''), claimed(image, {}, home))
  t.like(decision, { to: idp, because: 'located', askFirst: undefined })
})

test('if two service providers claim a resource, the first one counts, unless a read found it at a nearer one', t => {
  const both = { searchByBroadcast: true, locate: () => [at(cornmeal), at(millet)] }
  const line = request(lines[0] ?? '')
  t.like(decide(line, claimed(image, absentAtHome, both)), { to: cornmeal, because: 'conflict' })
  const shown = { ...absentAtHome, found: [millet] }
  t.like(decide(line, claimed(image, shown, both)), { to: millet, because: 'conflict' })
  const gone = { absent: [...absentAtHome.absent, { serviceProvider: millet, project: null }] }
  t.like(decide(line, claimed(image, { ...shown, ...gone }, both)), { to: cornmeal })
})

test('a read for this request that finds the resource at a nearer service provider counts, too', t => {
  const check = { cloud: millet, resource: image, project: alice, isThere: true }
  const line = { ...request(lines[0] ?? ''), project: alice, presenceChecks: [check] }
  const decision = decide(line, claimed(image, absentAtHome, { searchByBroadcast: true }))
  t.like(decision, { to: millet, because: 'conflict', askFirst: undefined })
})

test('a read for this request that finds the resource at the identity provider outweighs an older absence', t => {
  const check = { cloud: idp, resource: image, project: alice, isThere: true }
  const line = { ...request(lines[0] ?? ''), project: alice, presenceChecks: [check] }
  t.like(decide(line, claimed(image, absentAtHome)), { to: idp, because: 'conflict' })
})

test('a cloud that the log and a read for this request both show counts once', t => {
  const check = { cloud: idp, resource: image, project: alice, isThere: true }
  const line = { ...request(lines[0] ?? ''), presenceChecks: [check] }
  const known = (...places: readonly Place[]) => claimed(image, {}, { locate: () => places })
  t.like(decide(line, known(at(idp))), { to: idp, because: 'located' })
  t.like(decide(line, known(at(idp), at(cornmeal))), { to: idp, because: 'conflict' })
})

test('the cloud where a read found the resource is only preferred: another reference can need the other cloud', t => {
  const body = { volume: { snapshot_id: snapshot.id, source_volid: disk.id } }
  const both = federation([holds(snapshot, at(cornmeal), at(millet)), holds(disk, at(cornmeal))], {
    clouds: [cloud(idp, 'home'), cloud(millet), cloud(cornmeal)],
    searchByBroadcast: true,
    evidence: (type, id) =>
      type === 'snapshot' ? { ...noEvidence, ...absentAtHome, found: [millet] } : proven(type, id),
  })
  const decision = decide(request(`POST ${volumes}/volumes`, { body }), both)
  t.like(decision, { to: cornmeal, because: 'referred', askFirst: undefined })
})

test('the decision names the claim, its event and its condition', t => {
  const decision = decide(request(lines[0] ?? ''), claimed(image))
  t.is(describeDecision(decision), `located: cornmeal holds image ${image.id}, says event 42`)
  t.regex(describeCondition(decision) ?? '', /Only cornmeal says so.* default is asked first/)
  const proven = decide(request(lines[0] ?? ''), claimed(image, absentAtHome))
  t.is(describeCondition(proven), null)
})

test('a claim of the second resource that a request needs decides, if nothing claims the first', t => {
  const create = request(`POST ${volumes}/volumes`, {
    body: { volume: { snapshot_id: snapshot.id, source_volid: disk.id } },
  })
  for (const claim of [snapshot, disk]) {
    t.like(decide(create, claimed(claim)), { to: cornmeal, because: 'referred', resource: claim })
  }
})
