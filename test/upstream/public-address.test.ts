import { createServer, IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { headerValue } from '../../src/http-client/raw-headers.js'
import {
  createPublicAddresses,
  type PublicAddress,
  trustedProxies,
} from '../../src/upstream/public-address.js'
import { ask, origin, say } from './wire.js'

type Options = Parameters<typeof createPublicAddresses>[0]
const stranger: Options = { publicEndpoint: null, isTrusted: () => false }
const trusted: Options = { publicEndpoint: null, isTrusted: () => true }

/** A request as a real server receives it; its client stays connected. */
async function arriving(t: ExecutionContext, headers: Record<string, string>, options: Options) {
  const publicAddressOf = createPublicAddresses(options)
  let publicAddress: PublicAddress | undefined
  let error: unknown
  const url = await origin(
    t,
    createServer((req, res) => {
      try {
        publicAddress = publicAddressOf(req)
      } catch (thrown) {
        error = thrown
      }
      res.end()
    }),
  )
  await ask(url, { headers })
  return { publicAddress, error, host: new URL(url).host }
}

const claims = {
  Forwarded: 'for=203.0.113.9;proto=https;host=public.example',
  'X-Forwarded-For': '203.0.113.9',
  'X-Forwarded-Host': 'public.example',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Prefix': '/resource',
}

test('Forwarded headers of an untrusted client are ignored', async t => {
  const { publicAddress, host } = await arriving(t, claims, stranger)
  t.deepEqual(publicAddress, {
    publicBase: `http://${host}`,
    publicPath: '',
    forwarded: [
      ...['Forwarded', `for=127.0.0.1;host="${host}";proto=http`, 'X-Forwarded-For', '127.0.0.1'],
      ...['X-Forwarded-Host', host, 'X-Forwarded-Proto', 'http'],
    ],
  })
})

test('Forwarded headers of a trusted proxy are used and extended', async t => {
  const { publicAddress } = await arriving(t, claims, trusted)
  t.is(publicAddress?.publicBase, 'https://public.example/resource')
  const value = (name: string) => headerValue(publicAddress?.forwarded ?? [], name)
  t.is(value('x-forwarded-for'), '203.0.113.9, 127.0.0.1')
  t.is(value('forwarded'), `${claims.Forwarded}, for=127.0.0.1;host="public.example";proto=https`)
})

const bases: [what: string, headers: Record<string, string>, base: string][] = [
  ['Forwarded', { Forwarded: 'for=x;host="a.example:8443";proto=https' }, 'https://a.example:8443'],
  [
    'the outermost step of Forwarded',
    { Forwarded: 'host=a.example;proto=https, host=b.example;proto=http' },
    'https://a.example',
  ],
  [
    'Forwarded before X-Forwarded-*',
    { ...claims, Forwarded: 'host=a.example;proto=http', 'X-Forwarded-Port': '81' },
    'http://a.example/resource',
  ],
  [
    'X-Forwarded-* where Forwarded is malformed',
    { ...claims, Forwarded: 'host="a' },
    'https://public.example/resource',
  ],
  [
    'X-Forwarded-Port',
    { 'X-Forwarded-Host': 'a.example', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Port': '8443' },
    'https://a.example:8443',
  ],
  [
    'the usual X-Forwarded-Port',
    { 'X-Forwarded-Host': 'a.example', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Port': '443' },
    'https://a.example',
  ],
  [
    'a port in X-Forwarded-Host before X-Forwarded-Port',
    { 'X-Forwarded-Host': '[fd00::1]:8080', 'X-Forwarded-Port': '81' },
    'http://[fd00::1]:8080',
  ],
  [
    'X-Forwarded-Port with an IPv6 host',
    { 'X-Forwarded-Host': '[fd00::1]', 'X-Forwarded-Port': '81' },
    'http://[fd00::1]:81',
  ],
  [
    'X-Forwarded-Port with Host',
    { Host: 'a.example', 'X-Forwarded-Port': '81' },
    'http://a.example:81',
  ],
  [
    'X-Forwarded-Port instead of the port in Host',
    { Host: 'a.example:8080', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Port': '8443' },
    'https://a.example:8443',
  ],
  [
    'the usual X-Forwarded-Port instead of the port in Host',
    { Host: '[fd00::1]:8080', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Port': '443' },
    'https://[fd00::1]',
  ],
  [
    'Host with its port if X-Forwarded-Port is malformed',
    { Host: 'a.example:8080', 'X-Forwarded-Port': '0x51' },
    'http://a.example:8080',
  ],
  [
    'a malformed port is ignored',
    { Host: 'a.example', 'X-Forwarded-Port': '0x51' },
    'http://a.example',
  ],
]
for (const [what, headers, base] of bases) {
  test(`links use the address that a trusted proxy names: ${what}`, async t => {
    t.is((await arriving(t, headers, trusted)).publicAddress?.publicBase, base)
    if (headers['Host'] === undefined) {
      const { publicAddress, host } = await arriving(t, headers, stranger)
      t.is(publicAddress?.publicBase, `http://${host}`)
    }
  })
}

test('a malformed Forwarded is dropped', async t => {
  const { publicAddress, host } = await arriving(t, { Forwarded: 'for="' }, trusted)
  const value = headerValue(publicAddress?.forwarded ?? [], 'forwarded')
  t.is(value, `for=127.0.0.1;host="${host}";proto=http`)
})

test('public_endpoint has precedence over all headers', async t => {
  const publicEndpoint = 'https://cloud.example:8443/mm/'
  const { publicAddress } = await arriving(t, claims, { ...trusted, publicEndpoint })
  t.is(publicAddress?.publicBase, 'https://cloud.example:8443/mm')
  t.is(publicAddress?.publicPath, '/mm')
})

test('a malformed host, scheme or path is used in no header and no link', async t => {
  const odd = {
    'X-Forwarded-Host': 'a"b',
    'X-Forwarded-Proto': 'javascript',
    'X-Forwarded-Prefix': '//x',
  }
  const { publicAddress, host } = await arriving(t, odd, trusted)
  t.is(publicAddress?.publicBase, `http://${host}`)
  t.like((await arriving(t, { Host: 'a"b' }, stranger)).error, { code: 'BAD_REQUEST' })
})

test('for an HTTP/1.0 request without Host the local address is the public one', async t => {
  let base = ''
  const url = await origin(
    t,
    createServer((req, res) => {
      base = createPublicAddresses({ publicEndpoint: null, isTrusted: () => false })(req).publicBase
      res.end()
    }),
  )
  await say(url, 'GET / HTTP/1.0\r\n\r\n')
  t.is(base, url)
})

test('trusted proxies are addresses and networks of both families', t => {
  const isTrusted = trustedProxies(['192.0.2.1', '10.0.0.0/8', '::1', '2001:db8::/32'])
  for (const address of ['192.0.2.1', '10.255.0.1', '::1', '2001:db8::5'])
    t.true(isTrusted(address))
  for (const address of ['192.0.2.2', '11.0.0.1', '::2', '2001:db9::', '', 'x'])
    t.false(isTrusted(address))
  t.false(trustedProxies([])('127.0.0.1'))
})

for (const entry of ['proxy.example', '10.0.0.0/33', '10.0.0.0/x', '/8', '']) {
  test(`"${entry}" is no trusted proxy`, t => {
    t.throws(() => trustedProxies([entry]), { code: 'CONFIG_INVALID' })
  })
}

test('each request on a connection has the public address of its own Host', t => {
  const publicAddressOf = createPublicAddresses(stranger)
  const shared = new Socket()
  const bases = ['a.example', 'a.example', 'b.example', 'a.example'].map(host => {
    const req = new IncomingMessage(shared)
    req.headers.host = host
    return publicAddressOf(req).publicBase
  })
  t.deepEqual(
    bases,
    ['a', 'a', 'b', 'a'].map(name => `http://${name}.example`),
  )
})
