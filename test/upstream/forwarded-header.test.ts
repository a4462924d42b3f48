import test from 'ava'
import { parseForwarded } from '../../src/upstream/forwarded-header.js'

const steps = (header: string) => parseForwarded(header)?.map(step => Object.fromEntries(step))

const cases: [header: string, steps: Record<string, string>[]][] = [
  [
    'for=192.0.2.60;proto=http;by=203.0.113.43',
    [{ for: '192.0.2.60', proto: 'http', by: '203.0.113.43' }],
  ],
  ['For="[2001:db8:cafe::17]:4711"', [{ for: '[2001:db8:cafe::17]:4711' }]],
  ['for=192.0.2.43, for=198.51.100.17', [{ for: '192.0.2.43' }, { for: '198.51.100.17' }]],
  [
    'for=192.0.2.43,for="[2001:db8::1]" ; HOST=a',
    [{ for: '192.0.2.43' }, { for: '[2001:db8::1]', host: 'a' }],
  ],
  ['host="a\\"b,c;d"', [{ host: 'a"b,c;d' }]],
  [
    'for=192.0.2.1:80;host=cloud.example:8443',
    [{ for: '192.0.2.1:80', host: 'cloud.example:8443' }],
  ],
  ['for=_hidden, , for=unknown,', [{ for: '_hidden' }, { for: 'unknown' }]],
  ['for="";;proto=https', [{ for: '', proto: 'https' }]],
  ['', []],
]
for (const [header, expected] of cases) {
  test(`Forwarded: ${header || '(empty)'} is read`, t => t.deepEqual(steps(header), expected))
}

for (const header of [
  'for',
  'for=',
  'for=a b',
  'for="a',
  'for=a;for=b',
  '=a',
  'for =a',
  'a=b"c"',
]) {
  test(`Forwarded: ${header} is malformed`, t => t.is(parseForwarded(header), null))
}

test('the time to parse a long Forwarded is not quadratic', t => {
  for (const part of [' ', 'a=b;', ',', '"', '\\', 'a']) {
    const header = `${part.repeat(500_000)}"`
    const begun = performance.now()
    parseForwarded(header)
    t.true(performance.now() - begun < 20_000, JSON.stringify(part))
  }
})
