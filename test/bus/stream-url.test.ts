import test from 'ava'
import { maskStreamUrl, nameOfStream, parseStreamUrl } from '../../src/bus/stream-url.js'

test('the credentials of a stream URL count for all hosts that follow without any', t => {
  const url = parseStreamUrl('rabbit://mm:p%40ss@h1,h2:5673,other:word@h3/vh?name=fleet-1&ssl=1')
  t.deepEqual(url.hosts, [
    { hostname: 'h1', port: 5672, username: 'mm', password: 'p@ss' },
    { hostname: 'h2', port: 5673, username: 'mm', password: 'p@ss' },
    { hostname: 'h3', port: 5672, username: 'other', password: 'word' },
  ])
  t.like(url, { virtualHost: 'vh', name: 'fleet-1', tls: true })
  t.is(nameOfStream(url), 'fleet-1 at h1:5672,h2:5673,h3:5672/vh')
})

test('a stream without a name in its URL is called mixmatch', t => {
  t.is(parseStreamUrl('rabbit://mm:secret@h1/').name, 'mixmatch')
})

test('a stream URL is shown without passwords', t => {
  t.is(
    maskStreamUrl('rabbit://mm:secret@h1,h2/?name=a'),
    'rabbit://mm:***@h1:5672,mm:***@h2:5672/%2F?name=a',
  )
  t.false(maskStreamUrl('rabbit://mm:sec/ret@h1').includes('sec'))
})

test('a stream URL with another driver or a name that no queue may have is rejected', t => {
  for (const url of [
    'file:///tmp/x',
    'rabbit://h1/?name=amq.x',
    'rabbit://h1/?name=a%20b',
    'rabbit:///',
  ]) {
    t.throws(() => parseStreamUrl(url), { code: 'CONFIG_INVALID' }, url)
  }
})
