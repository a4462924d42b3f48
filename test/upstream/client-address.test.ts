import { createServer } from 'node:http'
import test, { type ExecutionContext } from 'ava'
import { createClientAddress } from '../../src/upstream/client-address.js'
import { trustedProxies } from '../../src/upstream/public-address.js'
import { ask, origin } from './wire.js'

/** The client address that a real server finds for a request with these headers, sent from loopback. */
async function addressFor(
  t: ExecutionContext,
  headers: Record<string, string>,
  trusted = ['127.0.0.1', '10.0.0.0/8', '2001:db8::/32'],
): Promise<string> {
  const clientAddress = createClientAddress(trustedProxies(trusted))
  const server = createServer((req, res) => void res.end(clientAddress(req)))
  return (await ask(await origin(t, server), { headers })).body.toString()
}

test('the address of an untrusted client is the address of its connection', async t => {
  const headers = { 'X-Forwarded-For': '203.0.113.9', Forwarded: 'for=203.0.113.9' }
  t.is(await addressFor(t, headers, []), '127.0.0.1')
})

const cases: [what: string, headers: Record<string, string>, address: string][] = [
  ['nothing', {}, '127.0.0.1'],
  ['X-Forwarded-For', { 'X-Forwarded-For': '203.0.113.9' }, '203.0.113.9'],
  [
    'several trusted proxies',
    { 'X-Forwarded-For': '203.0.113.9, 10.0.0.1,10.1.1.1' },
    '203.0.113.9',
  ],
  [
    'an invented beginning',
    { 'X-Forwarded-For': '192.0.2.66, 203.0.113.9, 10.0.0.1' },
    '203.0.113.9',
  ],
  ['trusted proxies alone', { 'X-Forwarded-For': '10.0.0.2, 10.0.0.1' }, '10.0.0.2'],
  ['a port', { 'X-Forwarded-For': '203.0.113.9:4711' }, '203.0.113.9'],
  ['IPv6', { 'X-Forwarded-For': 'fd00::1, 2001:db8::1' }, 'fd00::1'],
  ['an address of both families', { 'X-Forwarded-For': '::ffff:203.0.113.9' }, '203.0.113.9'],
  ['no address', { 'X-Forwarded-For': 'forged"\\, 10.0.0.1' }, '10.0.0.1'],
  ['Forwarded', { Forwarded: 'for="[fd00::1]:80";proto=https, for=10.0.0.1' }, 'fd00::1'],
  [
    'Forwarded before X-Forwarded-For',
    { Forwarded: 'for=203.0.113.9', 'X-Forwarded-For': '192.0.2.1' },
    '203.0.113.9',
  ],
  ['a malformed Forwarded', { Forwarded: 'for="', 'X-Forwarded-For': '192.0.2.1' }, '192.0.2.1'],
  ['a hidden client', { Forwarded: 'for=_gateway' }, '_gateway'],
  ['a step without an address', { Forwarded: 'for=203.0.113.9, proto=https' }, 'unknown'],
]
for (const [what, headers, address] of cases) {
  test(`the address of a client is read from the header of a trusted proxy with ${what}`, async t => {
    t.is(await addressFor(t, headers), address)
  })
}
