import test from 'ava'
import { resourceTypes } from '../../src/ids.js'
import { serviceNames } from '../../src/service/service.js'
import { entry, homeCollectionOf, isServiceName, services } from '../../src/service/services.js'

test('a service is found by the first segment of its paths', t => {
  for (const name of serviceNames) {
    t.is(services[name].name, name)
    t.true(isServiceName(name))
  }
  t.false(isServiceName('network'))
  t.false(isServiceName('constructor'))
})

test('every type of resource has one collection of one service to read it', t => {
  for (const type of resourceTypes) {
    const homes = serviceNames.map(name => homeCollectionOf(services[name], type)).filter(Boolean)
    t.is(homes.length, 1, type)
  }
})

test('a resource is read in a collection with the id in the next segment', t => {
  for (const name of serviceNames) {
    for (const type of resourceTypes) {
      const home = homeCollectionOf(services[name], type)
      if (home !== null) t.is(services[name].collections[home]?.idAfter, undefined, home)
    }
  }
})

test('a resource that a body refers to belongs to the service that gets the body', t => {
  for (const name of serviceNames) {
    const calls = Object.values(services[name].collections).flatMap(({ requests = {} }) =>
      Object.values(requests),
    )
    for (const { type } of calls.flatMap(({ references = [] }) => references)) {
      t.truthy(homeCollectionOf(services[name], type), type)
    }
  }
})

test('no name of a collection has the form of a project id', t => {
  for (const name of serviceNames) {
    const { collections, local } = services[name]
    for (const collection of [...Object.keys(collections), ...local]) {
      t.notRegex(collection, /^[0-9a-f-]+$/)
      t.regex(collection, /^[\w-]+$/)
    }
  }
})

test('no collection is in `collections` and in `local`', t => {
  for (const name of serviceNames) {
    const { collections, local } = services[name]
    t.deepEqual(
      local.filter(collection => entry(collections, collection)),
      [],
    )
  }
})
