import test from 'ava'
import { type CatalogService, publicEndpoints } from '../../src/identity/catalog.js'

const everywhere = () => true

test('the public endpoint of each service is taken', t => {
  const catalog = [
    service('image', ['internal', 'http://10.0.0.1:9292'], ['public', 'http://sp:9292']),
    service('object-store', ['admin', 'http://10.0.0.1:8080']),
  ]
  t.deepEqual([...publicEndpoints(catalog, null, everywhere)], [['image', 'http://sp:9292']])
})

test('block storage is found under all of its names, with the newest endpoint', t => {
  const catalog = [
    service('volumev2', ['public', 'http://sp:8776/v2/p']),
    service('volumev3', ['public', 'http://sp:8776/v3/p']),
  ]
  const endpoints = publicEndpoints(catalog, null, everywhere)
  for (const type of ['block-storage', 'volumev3', 'volume', 'volumev2']) {
    t.is(endpoints.get(type), 'http://sp:8776/v3/p')
  }
})

test('the endpoint of the wanted region is used, else the first', t => {
  const catalog = [
    service(
      'image',
      ['public', 'http://east:9292', 'east'],
      ['public', 'http://west:9292', 'west'],
    ),
  ]
  t.is(publicEndpoints(catalog, null, everywhere).get('image'), 'http://east:9292')
  t.is(publicEndpoints(catalog, 'west', everywhere).get('image'), 'http://west:9292')
  t.is(publicEndpoints(catalog, 'north', everywhere).get('image'), undefined)
})

test('an endpoint that does not belong to the cloud is left out', t => {
  const catalog = [
    service('image', ['public', 'http://127.0.0.1:9914'], ['public', 'http://sp:9292']),
  ]
  const endpoints = publicEndpoints(catalog, null, url => new URL(url).hostname === 'sp')
  t.is(endpoints.get('image'), 'http://sp:9292')
})

function service(type: string, ...endpoints: [string, string, string?][]): CatalogService {
  return {
    type,
    endpoints: endpoints.map(([face, url, region = 'RegionOne']) => ({
      interface: face,
      url,
      region,
    })),
  }
}
