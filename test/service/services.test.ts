import test from 'ava'
import { resourceTypes } from '../../src/ids.js'
import { serviceNames } from '../../src/service/service.js'
import { entry, homeCollectionOf, isServiceName, services } from '../../src/service/services.js'

test('a service is known by the name that its paths begin with', t => {
  for (const name of serviceNames) {
    t.is(services[name].name, name)
    t.true(isServiceName(name))
  }
  t.false(isServiceName('network'))
  t.false(isServiceName('constructor'))
})

test('every type of resource is read in one place of one service', t => {
  for (const type of resourceTypes) {
    const homes = serviceNames.map(name => homeCollectionOf(services[name], type)).filter(Boolean)
    t.is(homes.length, 1, type)
  }
})

test('a resource is read in a collection that has its ids right below', t => {
  for (const name of serviceNames) {
    for (const type of resourceTypes) {
      const home = homeCollectionOf(services[name], type)
      if (home !== null) t.is(services[name].collections[home]?.idAfter, undefined, home)
    }
  }
})

test('what a body refers to is read in the service that the body is sent to', t => {
  for (const name of serviceNames) {
    const calls = Object.values(services[name].collections).flatMap(({ requests = {} }) =>
      Object.values(requests),
    )
    for (const { type } of calls.flatMap(({ references = [] }) => references)) {
      t.truthy(homeCollectionOf(services[name], type), type)
    }
  }
})

test('no collection could be taken for a project', t => {
  for (const name of serviceNames) {
    const { collections, local } = services[name]
    for (const collection of [...Object.keys(collections), ...local]) {
      t.notRegex(collection, /^[0-9a-f-]+$/)
      t.regex(collection, /^[\w-]+$/)
    }
  }
})

test('a collection is either of one kind or the other', t => {
  for (const name of serviceNames) {
    const { collections, local } = services[name]
    t.deepEqual(
      local.filter(collection => entry(collections, collection)),
      [],
    )
  }
})
