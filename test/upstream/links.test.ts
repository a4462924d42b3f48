import test from 'ava'
import { createLinks } from '../../src/upstream/links.js'

const there = 'b0b00000000000000000000000000002'
const here = 'a11ce000000000000000000000000001'
const to = 'https://cloud.example:5001/volume'
const links = createLinks({
  service: 'volume',
  from: ['http://10.0.0.5:8776', 'http://cinder.sp1/volume'],
  to,
  project: { there, here, own: here },
})

const cases: [string, string, string][] = [
  ['the root', 'http://10.0.0.5:8776', to],
  ['the root with a slash', 'http://10.0.0.5:8776/', `${to}/`],
  ['a version', 'http://10.0.0.5:8776/v3/', `${to}/v3/`],
  [
    'a resource',
    `http://10.0.0.5:8776/v3/${there}/volumes/1?a=b`,
    `${to}/v3/${here}/volumes/1?a=b`,
  ],
  ['a bookmark', `http://10.0.0.5:8776/${there}/volumes/1`, `${to}/${here}/volumes/1`],
  ['a bookmark below a path', `http://cinder.sp1/volume/${there}/x`, `${to}/${here}/x`],
  ['an endpoint with a path', `http://cinder.sp1/volume/v3/${there}/x`, `${to}/v3/${here}/x`],
  ['that endpoint without its path', 'http://cinder.sp1/v3/types', `${to}/v3/types`],
  ['host and port in another form', 'HTTP://Cinder.SP1:80/volume/v3/x', `${to}/v3/x`],
  ['a root without a scheme', '//10.0.0.5:8776/', `${to}/`],
  [
    'a resource without a scheme at a host that nobody told us of',
    `//cinder-api.internal:8776/v3/${there}/volumes/1`,
    `${to}/v3/${here}/volumes/1`,
  ],
  ['a path alone', `/v3/${there}/volumes`, `${to}/v3/${here}/volumes`],
  ['our own URL, made from X-Forwarded-Host', `${to}/v3/${there}/x`, `${to}/v3/${here}/x`],
  [
    'our own host with the scheme of the way to the cloud',
    `http://cloud.example:5001/v3/${there}/x`,
    `${to}/v3/${here}/x`,
  ],
  [
    'a resource at a host that nobody told us of',
    `https://cinder-api.internal:8776/v3/${there}/volumes/1`,
    `${to}/v3/${here}/volumes/1`,
  ],
  [
    'a resource at an address of IPv6',
    `http://[fd00::1]:8776/v3/${there}/snapshots/detail?marker=1`,
    `${to}/v3/${here}/snapshots/detail?marker=1`,
  ],
  [
    'a resource below a path that nobody told us of',
    `https://public.sp1/block-storage/v3/${there}/types/1`,
    `${to}/v3/${here}/types/1`,
  ],
  [
    'a bookmark at a host that nobody told us of',
    `http://cinder-api.internal/${there}/volumes/1`,
    `${to}/${here}/volumes/1`,
  ],
  ['a version at a host that nobody told us of', 'http://cinder-api.internal/v3/', `${to}/v3/`],
  [
    'a query with the project of the service provider',
    `http://10.0.0.5:8776/v3/${there}/volumes?project_id=${there}&limit=1`,
    `${to}/v3/${here}/volumes?project_id=${here}&limit=1`,
  ],
  [
    'a path with that project twice, once in another spelling',
    `http://10.0.0.5:8776/v3/${there}/os-quota-sets/${there.toUpperCase()}`,
    `${to}/v3/${here}/os-quota-sets/${here}`,
  ],
  ['our own URL that lost its prefix', 'https://cloud.example:5001/v3/x', `${to}/v3/x`],
]
for (const [what, url, expected] of cases) {
  test(`${what} of the cloud leads to the proxy`, t => t.is(links.url(url), expected))
}

for (const url of [
  'http://elsewhere/v3/x',
  'http://10.0.0.5:8777/v3/x',
  'http://10.0.0.5:8776.evil.example/v3/x',
  'http://user@10.0.0.5:8776/v3/x',
  '//10.0.0.5:8777/v3/x',
  'http://10.0.0.5:8776/identity/v3/auth',
  'ftp://10.0.0.5:8776/v3/x',
  'https://docs.openstack.org/',
  'https://docs.openstack.org/api-ref/block-storage/v3/',
  'https://object.store/v1/AUTH_1/container/volumes',
  'volumes/1',
  '',
]) {
  test(`"${url}" does not belong to the API of the cloud and stays unchanged`, t =>
    t.is(links.url(url), url))
}

const image = createLinks({
  service: 'image',
  from: ['http://g:9292'],
  to: 'https://cloud.example:5001/image',
  project: { there, here: null, own: here },
})

for (const [what, url, expected] of [
  ['as it is', '/v2/images?marker=x', '/v2/images?marker=x'],
  [
    'gets the project of the user',
    `/v2/images?owner=${there}&limit=2`,
    `/v2/images?owner=${here}&limit=2`,
  ],
  [
    'leads to the proxy if it is absolute',
    `https://glance.internal/v2/images?marker=x&owner=${there}`,
    `https://cloud.example:5001/image/v2/images?marker=x&owner=${here}`,
  ],
  ['stays unchanged if it leads elsewhere', 'https://elsewhere/v2/x', 'https://elsewhere/v2/x'],
] as const) {
  test(`a link of a list ${what}`, t => t.is(image.listLink(url), expected))
}

test('a caller without a project in the path gets links without one', t => {
  const bare = createLinks({
    service: 'volume',
    from: ['http://c'],
    to,
    project: { there, here: null, own: here },
  })
  t.is(bare.url(`http://c/v3/${there}/volumes/1`), `${to}/v3/volumes/1`)
})

test('links of the identity provider keep their project', t => {
  const home = createLinks({ service: 'volume', from: ['http://c'], to, project: null })
  t.is(home.url(`http://c/v3/${here}/volumes/1`), `${to}/v3/${here}/volumes/1`)
})
