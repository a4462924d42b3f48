import { randomUUID } from 'node:crypto'
import test from 'ava'
import { startAttackedProxy } from './attacked-proxy.js'
import { sendBytes, sendImagesTo, startRecordingUpstream } from './recording-upstream.js'

/** What keystonemiddleware, proxies and Mixmatch itself say to the services behind them. */
const forgeable = [
  'X-Identity-Status',
  'X-Service-Identity-Status',
  'X-User',
  'X-User-Id',
  'X-User-Name',
  'X-User-Domain-Id',
  'X-Project-Id',
  'X-Project-Name',
  'X-Project-Domain-Id',
  'X-Tenant',
  'X-Tenant-Id',
  'X-Domain-Id',
  'X-Role',
  'X-Roles',
  'X-Service-Roles',
  'X-Service-User-Id',
  'X-Service-Project-Id',
  'X-Service-Catalog',
  'X-Is-Admin-Project',
  'X-Auth-Plugin',
  'X-Authenticated',
  'X-Trust-Id',
  'OpenStack-System-Scope',
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-Forwarded-Port',
  'X-Forwarded-Prefix',
  'X-Real-Ip',
  'Forwarded',
  'MM-Proxy-List-X',
  'Proxy',
  'Proxy-Authorization',
]

/** Spellings of a name that a service could take for the name itself. */
const spellings: readonly ((name: string) => string)[] = [
  name => name,
  name => name.toUpperCase(),
  name => name.toLowerCase(),
  name => name.replaceAll('-', '_'),
  name => name.replace('-', '_'),
]

/** Paths that mean something else to a server that decodes or normalises them. */
const paths = [
  '/image/v2/images/../../../identity/v3/users',
  '/image/v2/images/..%2f..%2fidentity',
  '/image/v2/images/%2e%2e/%2e%2e/identity',
  '/image/v2/images/.%2e/secret',
  '/image/v2/images/a%2fb',
  '/image/v2/images/a%5cb',
  '/image/v2/images/a\\b',
  '/image/v2/images/a%00',
  '/image/v2/images/a%0d%0aX-Roles:admin',
  '/image//v2/images',
  '//image/v2/images',
  '/image/./v2/images',
  '/image/v2/images/%',
  '/image/v2/images/%zz',
  '/image/v2/images/a#b',
  '/%69mage/v2/images',
  '/image/v2/images/%c0%ae%c0%ae/secret',
  '/image/v2/images/\xc0\xae/secret',
  '/image/v2/images/%ef%bc%8e%ef%bc%8e/%00',
  '/image/v2/images/%e0%80%ae%e0%80%ae%e0%80%afsecret',
  '/image/v2/images/%f0%80%80%ae/..',
  '/image/v2/images/%2e%2e%3b/secret/..',
  '/image/v2/images/a/%2E',
  '/image/v2/images/%5c..%5csecret',
  '/image/v2/images/a%0a',
  '/image/v2/images/a%7f',
  '/image%2fv2/images',
  '/image/v2%2fimages',
  '/IMAGE/v2/images',
  '/image;x/v2/images',
  '/image/v2/../v2/images',
  'https://127.0.0.1/identity/../image/v2/images',
  'http:///image/v2/images',
  'ftp://a/image/v2/images',
  'http://a@b/image/v2/images',
  'http://127.0.0.1:1/../image/v2/images/../x',
  '*',
]

/** Names that only look odd. They have one reading, and pass byte for byte. */
const oddNames = ['..;', '%252e%252e', '%252f', 'a;x=1', 'a:b', '...', '%C3%A9']

test('no forged header reaches a service, in any spelling', async t => {
  const upstream = await startRecordingUpstream(t)
  const { url, logIn } = await startAttackedProxy(t, { settings: sendImagesTo(upstream.port) })
  const token = await logIn('demo')
  const port = Number(new URL(url).port)
  for (const spell of spellings) {
    const id = randomUUID()
    const headers = forgeable.map(name => `${spell(name)}: forged`)
    const answer = await sendBytes(
      port,
      [
        `GET /image/v2/images/${id} HTTP/1.1`,
        'Host: a',
        `X-Auth-Token: ${token}`,
        'Connection: close',
        ...headers,
        '\r\n',
      ].join('\r\n'),
    )
    t.regex(answer, /^HTTP\/1\.1 200 /)
    const seen = upstream.requests.find(({ line }) => line.includes(id))
    t.deepEqual(
      seen?.headers.filter(header => /forged/i.test(header)),
      [],
    )
  }
  t.log(`${forgeable.length} headers in ${spellings.length} spellings`)
})

test('a path with two readings goes nowhere, and any other passes unchanged', async t => {
  const upstream = await startRecordingUpstream(t)
  const { url, logIn } = await startAttackedProxy(t, { settings: sendImagesTo(upstream.port) })
  const token = await logIn('demo')
  const port = Number(new URL(url).port)
  for (const path of paths) {
    const answer = await sendBytes(
      port,
      `GET ${path} HTTP/1.1\r\nHost: a\r\nX-Auth-Token: ${token}\r\nConnection: close\r\n\r\n`,
    )
    t.regex(answer, /^HTTP\/1\.1 40[04] /, path)
  }
  t.deepEqual(upstream.requests, [])
  t.deepEqual(upstream.malformed, [])
  for (const name of oddNames) {
    const path = `/image/v2/images/${name}`
    await sendBytes(
      port,
      `GET ${path} HTTP/1.1\r\nHost: a\r\nX-Auth-Token: ${token}\r\nConnection: close\r\n\r\n`,
    )
    t.is(upstream.requests.at(-1)?.line, `GET ${path} HTTP/1.1`)
  }
  t.is(upstream.requests.length, oddNames.length)
})

test('a Connection header removes what a client sent, and nothing that Mixmatch says', async t => {
  const upstream = await startRecordingUpstream(t)
  const { url, logIn } = await startAttackedProxy(t, { settings: sendImagesTo(upstream.port) })
  const token = await logIn('demo')
  const port = Number(new URL(url).port)
  const ask = (id: string, ...headers: string[]) =>
    sendBytes(
      port,
      [
        `GET /image/v2/images/${id} HTTP/1.1`,
        'Host: a',
        `X-Auth-Token: ${token}`,
        ...headers,
        '\r\n',
      ].join('\r\n'),
    )
  const namesOf = (id: string) =>
    upstream.requests
      .find(({ line }) => line.includes(id))
      ?.headers.map(header => header.replace(/:.*/s, '').toLowerCase())
      .filter(name => name !== 'connection')
      .toSorted()
  await ask('plain', 'Connection: close')
  const plain = namesOf('plain') ?? []
  t.true(plain.includes('mm-proxy-list'), plain.join(' '))
  await ask(
    'named',
    `Connection: close, X-Mine, ${plain.filter(name => name !== 'x-auth-token').join(', ')}`,
    'X-Mine: a',
  )
  t.deepEqual(namesOf('named'), plain)
  const answer = await ask('token', 'Connection: close, X-Auth-Token')
  const forwarded = namesOf('token')
  t.true(
    forwarded === undefined ||
      !forwarded.includes('x-auth-token') ||
      forwarded.length === plain.length,
    answer,
  )
})

test('the markers of Mixmatch take one cloud and one project that the user has, in any spelling', async t => {
  const upstream = await startRecordingUpstream(t)
  const { url, logIn } = await startAttackedProxy(t, { settings: sendImagesTo(upstream.port) })
  const [token, other] = [await logIn('demo'), await logIn('alt_demo')]
  const port = Number(new URL(url).port)
  const markers = [
    'MM-Service-Provider: default, sp1',
    'MM-Service-Provider: default\r\nMM-Service-Provider: sp1',
    'MM-Service-Provider: ../sp1',
    'MM-Service-Provider: SP1',
    'MM-Service-Provider: sp1\0',
    'MM-Service-Provider: __proto__',
    'MM-Service-Provider: constructor',
    `MM-Service-Provider: sp1\r\nMM-Project-Id: ${'0'.repeat(32)}`,
    `MM-Service-Provider: sp1\r\nMM-Project-Id: ${other}`,
    'MM-Service-Provider: sp1\r\nMM-Project-Id: ../admin',
    'MM-Service-Provider: sp1\r\nMM-Project-Id: *',
    'MM-Service-Provider: sp1\r\nMM-Proxy-List: sp1',
    'MM-Service-Provider : sp1',
  ]
  for (const marker of markers) {
    const answer = await sendBytes(
      port,
      `GET /image/v2/images HTTP/1.1\r\nHost: a\r\nX-Auth-Token: ${token}\r\n${marker}\r\nConnection: close\r\n\r\n`,
    )
    t.regex(answer, /^HTTP\/1\.1 (?:4\d\d|50[28]) /, `${marker}: ${answer.slice(0, 300)}`)
    t.false(answer.includes(other), marker)
  }
  t.deepEqual(upstream.requests, [])
})
