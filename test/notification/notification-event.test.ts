import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import test from 'ava'
import fc from 'fast-check'
import { type Event, eventKinds } from '../../src/event/event.js'
import { micros } from '../../src/ids.js'
import { parseJson } from '../../src/json.js'
import {
  createNotificationEvent,
  createNotificationEventWithin,
} from '../../src/notification/notification-event.js'
import { parsePythonJson } from '../../src/notification/python-json.js'
import { limitTime } from '../../src/notification/time-limit.js'
import { delivery, message, recorded, wrapped } from './fixtures.js'

const count = (words: readonly string[]) =>
  Object.fromEntries(
    [...new Set(words)].sort().map(word => [word, words.filter(w => w === word).length]),
  )

const ID = '7121b9a3-a94b-4a4a-9865-63e3055f8322'

test('every recorded notification becomes an event with its type and its resource', t => {
  const events = recorded.map(createNotificationEvent)
  t.is(events.length, 342)
  t.deepEqual(count(events.map(({ kind }) => kind)), {
    changed: 170,
    created: 54,
    deleted: 52,
    noted: 62,
    transferred: 4,
  })
  t.deepEqual(count(events.map(({ resource }) => resource?.type ?? 'none')), {
    backup: 16,
    group: 8,
    group_snapshot: 8,
    image: 128,
    none: 8,
    snapshot: 28,
    task: 8,
    volume: 138,
  })
  t.is(new Set(events.map(({ messageId }) => messageId)).size, 342)
  t.true(events.every(({ emittedAt }) => emittedAt !== null))
  t.true(events.every(({ wire }) => wire.envelope === '2.0'))
  t.deepEqual(count(events.map(({ serviceProvider }) => serviceProvider)), {
    default: 171,
    sp1: 171,
  })
})

test('after all recorded notifications only tasks and volumes of a deleted group are not deleted', t => {
  const fate = new Map<string, Event['kind'][]>()
  for (const { resource, kind } of recorded.map(createNotificationEvent)) {
    if (!resource || kind === 'noted') continue
    const key = `${resource.type} ${resource.id}`
    fate.set(key, [...(fate.get(key) ?? []), kind])
  }
  const left = [...fate]
    .filter(([, kinds]) => kinds.at(-1) !== 'deleted')
    .map(([key]) => key.split(' ')[0])
  t.deepEqual(count(left.map(String)), { task: 2, volume: 2 })
})

test('only the request context of recorded notifications is shortened', t => {
  for (const delivery of recorded) {
    const before = JSON.parse(JSON.parse(delivery.body.toString())['oslo.message'])
    const after = JSON.parse(createNotificationEvent(delivery).body)
    const kept = Object.keys(before).filter(key => key in after)
    t.deepEqual(after, Object.fromEntries(kept.map(key => [key, before[key]])))
    t.true(Object.keys(before).every(key => key in after || key.startsWith('_context_')))
  }
})

test('a message is read with its envelope and without', t => {
  const image = message('image.create', { id: ID, owner: 'abc' })
  const v2 = createNotificationEvent(delivery(wrapped(image)))
  const v1 = createNotificationEvent(delivery(JSON.stringify(image)))
  t.like(v2, {
    messageId: '7cb6a0f4-0b44-4d1c-8a24-ba1e65a2a1a9',
    eventType: 'image.create',
    kind: 'created',
    emittedAt: micros(1795440006707170),
    wire: { exchange: 'glance', routingKey: 'notifications.info', envelope: '2.0' },
  })
  t.deepEqual(v1, { ...v2, wire: { ...v2.wire, envelope: '1.0' } })
  for (const version of ['2', '2.10.1'])
    t.deepEqual(createNotificationEvent(delivery(wrapped(image, version))), v2)
  t.deepEqual(JSON.parse(v1.body), image)
})

const compressions: readonly [name: string, compress: (text: string) => Buffer][] = [
  ['application/x-gzip', text => deflateSync(text)], // the zlib format, although kombu calls it gzip
  ['application/x-gzip', text => gzipSync(text)],
  ['application/x-brotli', text => brotliCompressSync(text)],
  ['application/zstd', text => zstdCompressSync(text)],
]
for (const [compression, compress] of compressions) {
  test(`a body under compression ${compression} (${compress('').length} bytes for nothing) is read`, t => {
    const body = compress(wrapped(message('image.delete', { id: ID })))
    t.like(createNotificationEvent(delivery(body, { compression })), {
      eventType: 'image.delete',
      kind: 'deleted',
    })
  })
}

/** An `image.delete` and 33 MiB of zeros, compressed by Python's `bz2.compress`. */
const BZ2 =
  'QlpoOTFBWSZTWQglJa8AAE+bgFAHf/AABLen3SogAJSGp6gJPaUPU09T1Hog0/VNCJ6JBoB6hiAALUBAEBLcTRrA' +
  '2ESemfxuZFYqtHBK18jsGpPPCCP7utyfFNJZQrAM9pbVpDbkE83rrQpdUP2F9h0xsMccnZ/hQL2wjGqa2I3dWres' +
  'Zsg9kXyG8g4KZmaZrpQwX4u5IpwoSAQSkteA'
const BZ2_BOMB = 'QlpoOTFBWSZTWaiP+M0BCQlAAMABAAggADDMBSmmRBEGxRBEHi7kinChIVEf8Zo='

test('a body under compression application/x-bz2 is read', t => {
  const event = createNotificationEvent(
    delivery(Buffer.from(BZ2, 'base64'), { compression: 'application/x-bz2' }),
  )
  t.like(event, { kind: 'deleted', resource: { type: 'image', id: ID } })
})

const ZEROS = Buffer.alloc(33 * 1024 * 1024)
const unreadable: readonly [
  what: string,
  body: string | Buffer,
  reason: RegExp,
  compression?: string,
][] = [
  ['nothing', '', /not JSON/],
  ['what is not JSON', '{"event_type": ', /not JSON/],
  ['a list', '[1]', /not a JSON object/],
  ['null', 'null', /not a JSON object/],
  ['bytes', Buffer.from([0xff, 0xfe, 0x00]), /UTF-8/],
  ['a message without an event type', '{"payload": {}}', /no event_type/],
  ['an event type that is no text', '{"event_type": 7}', /no event_type/],
  ['an empty event type', '{"event_type": ""}', /no event_type/],
  ['an event type like a novel', JSON.stringify({ event_type: 'a'.repeat(256) }), /no event_type/],
  ['an envelope of another major version', '{"oslo.version": "3.0", "oslo.message": "{}"}', /2\.x/],
  ['an envelope of version 3.2', wrapped({ event_type: 'x' }, '3.2'), /2\.x/],
  ['an envelope of version 20.0', wrapped({ event_type: 'x' }, '20.0'), /2\.x/],
  ['an envelope of no version', '{"oslo.version": null}', /2\.x/],
  ['an empty envelope', '{"oslo.version": "2.0"}', /without oslo.message/],
  [
    'an envelope of no JSON',
    '{"oslo.version": "2.0", "oslo.message": "{"}',
    /oslo.message that is not JSON/,
  ],
  ['an envelope of a list', '{"oslo.version": "2.0", "oslo.message": "[]"}', /not a JSON object/],
  ['an unknown compression', 'x', /could not be undone/, 'application/x-lzma'],
  [
    'damaged bz2',
    Buffer.from(BZ2, 'base64').subarray(0, 40),
    /could not be undone/,
    'application/x-bz2',
  ],
  ['a bomb of bz2', Buffer.from(BZ2_BOMB, 'base64'), /unpacked/, 'application/x-bz2'],
  ['a damaged compression', 'x', /could not be undone/, 'application/x-gzip'],
  ['a bomb of gzip', gzipSync(ZEROS), /unpacked/, 'application/x-gzip'],
  ['a bomb of brotli', brotliCompressSync(ZEROS), /unpacked/, 'application/x-brotli'],
  ['a bomb of zstd', zstdCompressSync(ZEROS), /unpacked/, 'application/zstd'],
  ['a message of more than 4 MiB', Buffer.alloc(4 * 1024 * 1024 + 1, 32), /larger than 4194304/],
]
for (const [what, body, reason, compression = null] of unreadable) {
  test(`${what} is recorded as unparseable`, t => {
    const sent = delivery(body, { compression })
    const event = createNotificationEvent(sent)
    const { sha256, size, ...said } = JSON.parse(event.body)
    t.like(event, {
      eventType: 'mixmatch.unparseable',
      kind: 'noted',
      resource: null,
      source: 'bus',
      wire: { exchange: 'glance', envelope: 'none' },
    })
    t.is(sha256, createHash('sha256').update(sent.body).digest('hex'))
    t.is(size, sent.body.length)
    t.regex(said.reason, reason)
    t.deepEqual(createNotificationEvent(sent), event)
  })
}

test('64 KiB of a message that could not be parsed are kept', t => {
  const { text } = JSON.parse(createNotificationEvent(delivery('x'.repeat(100_000))).body)
  t.is(text, 'x'.repeat(64 * 1024))
})

test('bytes that are not text are kept, without secrets in plain text', t => {
  const kept = (bytes: Buffer, compression: string | null = null) =>
    Buffer.from(
      JSON.parse(createNotificationEvent(delivery(bytes, { compression })).body).bytes_base64,
      'base64',
    )
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 256))
  t.deepEqual(kept(bytes), bytes.subarray(0, 64 * 1024))
  t.deepEqual(kept(bytes, 'application/x-lzma'), bytes.subarray(0, 64 * 1024))
  const secret = Buffer.from([0xff, ...Buffer.from('"password": "hunter2"'), 0xfe])
  t.deepEqual(kept(secret), Buffer.from([0xff, ...Buffer.from('"password": "***"'), 0xfe]))
})

test('only the digest and the size of a message that is too large are kept', t => {
  const huge = delivery(`{"user_data": "hunter2", "x": "${'x'.repeat(5_000_000)}"}`)
  const { reason, size, sha256, ...rest } = JSON.parse(createNotificationEvent(huge).body)
  t.is(reason, 'larger than 4194304 bytes')
  t.is(size, huge.body.length)
  t.is(sha256, createHash('sha256').update(huge.body).digest('hex'))
  t.deepEqual(rest, { text: null })
})

test('a message that takes too long is recorded as unread', t => {
  let now = 0
  const slow = delivery(wrapped(message('image.create', Array(10_000).fill('x'))))
  const event = createNotificationEventWithin(
    limitTime(2000, () => (now += 1000)),
    slow,
  )
  t.is(event.eventType, 'mixmatch.unparseable')
  t.like(JSON.parse(event.body), { reason: 'it could not be read in 2000 ms', text: null })
  t.is(
    createNotificationEventWithin(
      limitTime(2000, () => 0),
      slow,
    ).eventType,
    'image.create',
  )
})

test('only the name of an unexpected error is recorded, because its message may quote the notification', t => {
  const fail = () => {
    throw new RangeError('in "hunter2"')
  }
  const event = createNotificationEventWithin(
    fail,
    delivery(wrapped(message('image.create', { name: 'hunter2' }))),
  )
  t.is(event.eventType, 'mixmatch.unparseable')
  t.like(JSON.parse(event.body), { reason: 'it could not be read (RangeError)', text: null })
})

test('an event type of 255 characters is read', t => {
  const eventType = 'a'.repeat(255)
  t.is(createNotificationEvent(delivery(wrapped(message(eventType, {})))).eventType, eventType)
})

test('long integers, NaN and Infinity keep their text, and the resource is located', t => {
  const payload = `{"id": "${ID}", "owner": "p", "size": 9007199254740993, "min": -123456789012345678901234,
    "ratio": NaN, "most": Infinity, "least": -Infinity, "name": "NaN \\"-Infinity\\" NaN\\n\\nNaN", "exact": 0.1}`
  const inner = `{"event_type": "image.create", "payload": ${payload}}`
  for (const body of [inner, JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': inner })]) {
    const event = createNotificationEvent(delivery(body))
    t.like(event, { kind: 'created', resource: { type: 'image', id: ID }, project: 'p' })
    t.is(
      event.body,
      `{"event_type":"image.create","payload":{"id":"${ID}","owner":"p","size":9007199254740993,` +
        '"min":-123456789012345678901234,"ratio":"NaN","most":"Infinity","least":"-Infinity",' +
        String.raw`"name":"NaN \"-Infinity\" NaN\n\nNaN","exact":0.1}}`,
    )
  }
})

test('law: JSON without long integers and NaN is read as by JSON.parse', t => {
  fc.assert(
    fc.property(fc.json(), fc.string(), (text, other) => {
      const value = parseJson(text) ?? null
      t.is(JSON.stringify(parsePythonJson(text)), JSON.stringify(value))
      const mixed = `[NaN, ${JSON.stringify(other)}, ${text}]`
      t.is(JSON.stringify(parsePythonJson(mixed)), JSON.stringify(['NaN', other, value]))
    }),
  )
})

test('a message without an id gets one that is the same for its redelivery, and different for other messages', t => {
  const sent = (payload: unknown) =>
    createNotificationEvent(
      delivery(JSON.stringify(message('image.create', payload, { message_id: undefined }))),
    )
  t.regex(
    sent({}).messageId,
    /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  )
  t.is(sent({}).messageId, sent({}).messageId)
  t.not(sent({}).messageId, sent({ id: ID }).messageId)
})

for (const timestamp of [undefined, null, 5, '', 'yesterday', '9999-01-01 00:00:00']) {
  test(`the timestamp ${timestamp} is no time`, t => {
    const event = createNotificationEvent(
      delivery(JSON.stringify(message('image.create', {}, { timestamp }))),
    )
    t.is(event.emittedAt, null)
  })
}

test('half of a surrogate pair becomes a replacement character', t => {
  const event = createNotificationEvent(
    delivery('{"event_type": "a\\ud800", "message_id": "\\udfff"}'),
  )
  t.is(event.eventType, 'a\ufffd')
  t.is(event.messageId, '\ufffd')
})

test('law: any bytes, and any JSON in any form, become an event', t => {
  const valid = (event: Event) => {
    t.true(eventKinds.includes(event.kind))
    t.true(event.eventType.length > 0 && event.messageId.length > 0)
    t.notThrows(() => JSON.parse(event.body))
    t.is(Buffer.from(event.body).toString(), event.body)
  }
  const types = [
    ...new Set(recorded.map(each => createNotificationEvent(each).eventType)),
    'scheduler.x',
    'groups.y',
  ]
  const anyMessage = fc.record({
    event_type: fc.constantFrom(...types),
    payload: fc.oneof(
      fc.jsonValue(),
      fc.dictionary(
        fc.constantFrom('id', 'volume_id', 'owner', 'status', 'request_spec'),
        fc.jsonValue(),
      ),
    ),
    message_id: fc.jsonValue(),
    timestamp: fc.jsonValue(),
    _context: fc.jsonValue(),
    _context_project_id: fc.jsonValue(),
  })
  fc.assert(
    fc.property(fc.uint8Array(), bytes =>
      valid(createNotificationEvent(delivery(Buffer.from(bytes)))),
    ),
  )
  fc.assert(fc.property(fc.json(), text => valid(createNotificationEvent(delivery(text)))))
  fc.assert(
    fc.property(anyMessage, each => valid(createNotificationEvent(delivery(wrapped(each))))),
  )
})

test('a message that is nested very deep is recorded', t => {
  for (const number of [1, '12345678901234567890']) {
    const deep = `${'{"a":'.repeat(50_000)}${number}${'}'.repeat(50_000)}`
    const known = createNotificationEvent(
      delivery(`{"event_type": "image.create", "payload": ${deep}}`),
    )
    t.is(known.eventType, 'image.create')
    t.is(createNotificationEvent(delivery(deep)).eventType, 'mixmatch.unparseable')
  }
})

test('the module for bz2 leaves no listener for uncaught errors of the process', async t => {
  const script = `
    const count = () => ['uncaughtException', 'unhandledRejection'].map(fault => process.listenerCount(fault))
    const before = count()
    await import('./src/notification/bzip2.ts')
    process.stdout.write(JSON.stringify({ before, after: count() }))`
  const args = ['--import=tsx', '--input-type=module', '-e', script]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const { before, after } = JSON.parse(stdout)
  t.deepEqual(after, before)
})

test('a token in the place of a name is not recorded', t => {
  const token = 'gAAAAABl0123456789abcdef'
  const payload = { id: token, owner: token, volume_id: token, tenant_id: token }
  const fields = { message_id: token, timestamp: token, _context_project_id: token }
  const wire = { exchange: token, routingKey: `info.${token}` }
  for (const eventType of ['image.create', 'volume.create.end', 'snapshot.create.end', token]) {
    const body = JSON.stringify(message(eventType, payload, fields))
    const event = createNotificationEvent(delivery(body, wire))
    t.false(JSON.stringify(event).includes(token), eventType)
  }
})
