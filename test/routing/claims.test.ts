import test from 'ava'
import { position, type ResourceKey } from '../../src/ids.js'
import { type Evidence, noEvidence } from '../../src/projection/place.js'
import { decide } from '../../src/routing/decide.js'
import { describeCondition, describeDecision } from '../../src/routing/decision.js'
import { alice, bob, cornmeal, disk, idp, image, millet, snapshot } from '../controls.js'
import { at, cloud, federation, holds, request, volumes } from './requests.js'

/** What a service provider says it holds, and what else is known of the id. */
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
  test(`${line} goes nowhere by a service provider's word alone: the cloud at home is asked`, t => {
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

  test(`${line} follows the claim where the cloud at home is known not to hold the image`, t => {
    const decision = decide(request(line), claimed(image, absentAtHome))
    t.like(decision, {
      kind: 'one',
      to: cornmeal,
      because: 'located',
      owner: bob,
      askFirst: undefined,
    })
  })
}

test('that one project cannot see an image at home says nothing to another project', t => {
  const line = request(lines[0] ?? '')
  const federation = claimed(image, absentForAlice)
  t.like(decide({ ...line, project: alice }, federation), { to: cornmeal, askFirst: undefined })
  t.like(decide({ ...line, project: bob }, federation), { askFirst: [idp] })
  t.like(decide({ ...line, project: null }, federation), { askFirst: [idp] })
})

test('what the operator imported needs no other proof', t => {
  const decision = decide(request(lines[0] ?? ''), claimed(image, { imported: [cornmeal] }))
  t.like(decision, { kind: 'one', to: cornmeal, because: 'located' })
})

test('the cloud at home is not asked about a service that it does not have', t => {
  const clouds = [{ ...cloud(idp, 'home'), enabledServices: ['volume'] }, cloud(cornmeal)]
  const decision = decide(request(lines[0] ?? ''), claimed(image, {}, { clouds }))
  t.like(decision, { to: cornmeal, askFirst: undefined })
})

test('what is at home stays there, whoever claims it', t => {
  const known = claimed(image, {}, { locate: () => [at(idp), at(cornmeal)] })
  t.like(decide(request(lines[3] ?? ''), known), { to: idp, because: 'conflict' })
})

test('the answers that a request got itself decide where it goes', t => {
  const line = { ...request(lines[3] ?? ''), project: alice }
  const probe = { cloud: idp, resource: image, project: alice }
  const missed = { ...line, presenceChecks: [{ ...probe, isThere: false }] }
  t.like(decide(missed, claimed(image)), { kind: 'one', to: cornmeal, because: 'located' })
  const found = { ...line, presenceChecks: [{ ...probe, isThere: true }] }
  t.like(decide(found, claimed(image)), { kind: 'one', to: idp, because: 'conflict' })
})

test('a body does not follow a claim either, and a claim does not keep a name from its cloud', t => {
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

test('who names a cloud is asked nothing', t => {
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

test('of two service providers the first to claim it counts, unless a nearer one has shown it', t => {
  const both = { searchByBroadcast: true, locate: () => [at(cornmeal), at(millet)] }
  const line = request(lines[0] ?? '')
  t.like(decide(line, claimed(image, absentAtHome, both)), { to: cornmeal, because: 'conflict' })
  const shown = { ...absentAtHome, found: [millet] }
  t.like(decide(line, claimed(image, shown, both)), { to: millet, because: 'conflict' })
})

test('the decision says who claims what by which event, and on which condition it holds', t => {
  const decision = decide(request(lines[0] ?? ''), claimed(image))
  t.is(describeDecision(decision), `located: cornmeal holds image ${image.id}, says event 42`)
  t.regex(describeCondition(decision) ?? '', /Only cornmeal says so.* default is asked first/)
  const proven = decide(request(lines[0] ?? ''), claimed(image, absentAtHome))
  t.is(describeCondition(proven), null)
})
