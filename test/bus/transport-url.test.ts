import test from 'ava'
import fc from 'fast-check'
import {
  maskTransportUrl,
  nameOfBus,
  parseTransportUrl,
  type RabbitUrl,
} from '../../src/bus/transport-url.js'
import { MixmatchError } from '../../src/errors.js'

const rabbit = (text: string): RabbitUrl => {
  const url = parseTransportUrl(text)
  if (url.kind !== 'rabbit') throw new Error(`${text} is a file`)
  return url
}

const vhosts: readonly [text: string, vhost: string][] = [
  ['rabbit://host', '/'],
  ['rabbit://host/', '/'],
  ['rabbit://host//', '/'],
  ['rabbit://host/%2F', '/'],
  ['rabbit://host/openstack', 'openstack'],
  ['rabbit://host//openstack', '/openstack'],
  ['rabbit://host/a%20b?ssl=0', 'a b'],
]
for (const [text, vhost] of vhosts) {
  test(`the virtual host of ${text} is ${vhost}`, t => {
    t.is(rabbit(text).virtualHost, vhost)
  })
}

test('each host has its own credentials, with guest as kombu’s default', t => {
  t.deepEqual(rabbit('rabbit://ann:a:1@one:5673,bob@two,three/').hosts, [
    { hostname: 'one', port: 5673, username: 'ann', password: 'a:1' },
    { hostname: 'two', port: 5672, username: 'bob', password: 'guest' },
    { hostname: 'three', port: 5672, username: 'guest', password: 'guest' },
  ])
})

test('credentials are split first, and percent-decoded after that', t => {
  t.like(rabbit('rabbit://us%40er:p%40ss%2Fw%3Ard%2C@host/').hosts[0], {
    hostname: 'host',
    username: 'us@er',
    password: 'p@ss/w:rd,',
  })
})

test('an IPv6 address is written in brackets', t => {
  t.like(rabbit('rabbit://u:p@[2001:db8::1]:5673,[::1]/').hosts, {
    0: { hostname: '2001:db8::1', port: 5673 },
    1: { hostname: '::1', port: 5672 },
  })
})

test('TLS is enabled by an option of the URL, or by the driver amqps with its own port', t => {
  t.like(rabbit('rabbit://host/?ssl=1'), { tls: true, hosts: { 0: { port: 5672 } } })
  t.like(rabbit('kombu://host/?ssl=True&ssl_ca_file=/etc/ca.pem'), {
    tls: true,
    caFile: '/etc/ca.pem',
  })
  t.like(rabbit('amqps://host/'), { tls: true, hosts: { 0: { port: 5671 } } })
  t.like(rabbit('rabbit://host/?ssl=false&heartbeat_timeout_threshold=30'), {
    tls: false,
    heartbeatSeconds: 30,
  })
})

test('an extra comma is skipped', t => {
  t.is(rabbit('rabbit://u:p@one,,u:p@two,/').hosts.length, 2)
})

const names: readonly [text: string, name: string][] = [
  ['rabbit://u:p@one:5673,v:q@[::1]/', 'one:5673,[::1]:5672/'],
  ['rabbit://u:p@one/%2F', 'one:5672/'],
  ['amqps://u:p@one/nova%20x', 'one:5671/nova%20x'],
  ['file:///a.ndjson', '/a.ndjson'],
]
for (const [text, name] of names) {
  test(`the bus at ${text} is known as ${name}`, t => {
    t.is(nameOfBus(parseTransportUrl(text)), name)
  })
}

test('a file URL is a path', t => {
  t.deepEqual(parseTransportUrl('file:///var/lib/a%20b.ndjson'), {
    kind: 'file',
    path: '/var/lib/a b.ndjson',
  })
})

const refused: readonly [text: string, expected: RegExp][] = [
  ['rabbit.example.org', /no driver.*expected driver:\/\//],
  ['', /expected driver:\/\//],
  ['kafka://u:s3cret@host:9092/', /expected the driver rabbit.*found kafka/],
  ['rabbit://', /at least one host/],
  ['rabbit:///vhost', /at least one host/],
  ['rabbit://u:s3cret@/', /expected what follows a host/],
  ['rabbit://u:s3cret@host:port/', /name:port/],
  ['rabbit://u:s3cret@host:0/', /from 1 to 65535$/],
  ['rabbit://u:s3cret@host:70000/', /from 1 to 65535$/],
  ['rabbit://u:s3cret@::1/', /\[2001:db8::1\]/],
  ['rabbit://u:s3cret,@host/', /credentials at the first host.*%2C/],
  ['rabbit://u:1234,s3cret@host/', /credentials at the first host.*%2C/],
  ['rabbit://u:s3cret%zz@host/', /%25/],
  ['rabbit://u:s3cret#@host/', /%23/],
  ['rabbit://u:s3cret?@host/', /%3F/],
  ['rabbit://u:12345/s3cret@host/', /%2F/],
  ['rabbit://u:99999/s3cret@host/', /%2F/],
  ['rabbit://u:p@s3cret@host/', /%40/],
  ['rabbit://u:p@host/s3cret@vhost', /%40/],
  ['rabbit://u:p@host/rabbit://v:s3cret-two', /%2F/],
  ['rabbit://u:p@host/ rabbit://v:s3cret-two', /%2F/],
  ['rabbit://u:s3cret\n@host/', /blank/],
  ['rabbit://u:s3cret/@host/?heartbeat_timeout_threshold=s3cret', /%2F/],
  ['rabbit://u:p@host/?heartbeat_timeout_threshold=s3cret', /whole number of seconds/],
  ['file://s3cret@host/a', /file:\/\/\/absolute/],
]
for (const [text, expected] of refused) {
  test(`${text || 'nothing'} is refused with words that hold no password`, t => {
    const error = t.throws(() => parseTransportUrl(text), { instanceOf: MixmatchError })
    t.is(error?.code, 'CONFIG_INVALID')
    t.regex(error?.message ?? '', expected)
    t.notRegex(error?.message ?? '', /s3cret/)
    t.notRegex(maskTransportUrl(text), /s3cret/)
  })
}

test('a masked URL shows hosts, users and virtual host', t => {
  t.is(
    maskTransportUrl('rabbit://u:s3cret@one,v:s3cret@[::1]:1/openstack?ssl=1'),
    'amqps://u:***@one:5672,v:***@[::1]:1/openstack',
  )
  t.is(maskTransportUrl('rabbit://u:s3/cret@one/'), 'rabbit://***')
  t.is(maskTransportUrl('u:s3cret@one'), '***')
  t.is(maskTransportUrl('file:///a.ndjson'), 'file:///a.ndjson')
})

test('law: any percent-encoded credentials are parsed back, and a masked URL does not contain them', t => {
  const word = fc.string({ minLength: 1, unit: 'grapheme' })
  fc.assert(
    fc.property(word, word, word, (username, password, vhost) => {
      const secret = `<${password}>`
      const url = `rabbit://${encodeURIComponent(username)}:${encodeURIComponent(secret)}@host/${encodeURIComponent(vhost)}`
      t.like(rabbit(url), { virtualHost: vhost, hosts: { 0: { username, password: secret } } })
      t.false(maskTransportUrl(url).includes(encodeURIComponent(secret)))
    }),
  )
})
