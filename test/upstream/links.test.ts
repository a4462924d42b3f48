import test from 'ava'
import { createLinks } from '../../src/upstream/links.js'

const there = 'b0b00000000000000000000000000002'
const here = 'a11ce000000000000000000000000001'
const to = 'https://cloud.example:5001/volume'
const links = createLinks({
  from: ['http://10.0.0.5:8776', 'http://cinder.sp1/volume'],
  to,
  project: { there, here },
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
  ['a path alone', `/v3/${there}/volumes`, `${to}/v3/${here}/volumes`],
  ['our own URL, made from X-Forwarded-Host', `${to}/v3/${there}/x`, `${to}/v3/${here}/x`],
  [
    'our own host with the scheme of the way to the cloud',
    `http://cloud.example:5001/v3/${there}/x`,
    `${to}/v3/${here}/x`,
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
  'http://10.0.0.5:8776/identity/v3/auth',
  'ftp://10.0.0.5:8776/v3/x',
  'volumes/1',
  '//10.0.0.5:8776/v3/x',
  '',
]) {
  test(`"${url}" is not the cloud's API and stays`, t => t.is(links.url(url), url))
}

test('only arrays of links change in a document, and not one byte besides', t => {
  const self = `http://10.0.0.5:8776/v3/${there}/volumes/1`
  const document = (url: string) =>
    `{"volumes": [{"n": 1.0, "big": 12345678901234567890, "metadata": {"href": "${self}"},\n` +
    ` "name": "\\"links\\": [{\\"href\\": \\"${self}\\"}]", "links" : [{"rel":"self", "href" : "${url}"}]}],` +
    ` "volumes_links": [{"rel": "next", "href": "${url}"}], "direct_url": "${self}"}`
  t.is(links.json(document(self)), document(`${to}/v3/${here}/volumes/1`))
})

test('Glance’s relative links stay as they are', t => {
  const image = createLinks({ from: ['http://g:9292'], to: 'http://p/image', project: null })
  const document =
    '{"next": "/v2/images?marker=x", "self": "/v2/images/x", "schema": "/v2/schemas/image"}'
  t.is(image.json(document), document)
})

test('a caller without a project in the path gets links without one', t => {
  const bare = createLinks({ from: ['http://c'], to, project: { there, here: null } })
  t.is(bare.url(`http://c/v3/${there}/volumes/1`), `${to}/v3/volumes/1`)
})
