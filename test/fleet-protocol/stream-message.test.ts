import test from 'ava'
import { createFleetKey } from '../../src/fleet/fleet-key.js'
import {
  createForgedEvent,
  readMessage,
  type StreamEntry,
  writeMessage,
} from '../../src/fleet/stream-message.js'
import { position } from '../../src/ids.js'
import { alice, at, created, event, image } from '../controls.js'

const key = createFleetKey(['the password'], 'mixmatch')

test('an event is read from the stream as it was written, with any text in it', t => {
  const entries: StreamEntry[] = [
    { type: 'event', event: created(image, alice, { emittedAt: null }), recordedAt: at(1) },
    {
      type: 'event',
      event: event({ messageId: 'ä\n"', body: '{"a":"\u0000é\n"}\n' }),
      recordedAt: at(2),
    },
    { type: 'begin', through: { position: position(7), hash: 'a'.repeat(64) } },
  ]
  for (const entry of entries) t.deepEqual(readMessage(delivered(entry), key), entry)
})

test('half of a surrogate pair is replaced before an event is signed, as the log would do', t => {
  const read = readMessage(
    delivered({ type: 'event', event: event({ body: '"\ud800"' }), recordedAt: at(1) }),
    key,
  )
  t.is(read.type === 'event' && read.event.body, '"\ufffd"')
})

test('a message is valid only with a signature by its key and for its stream', t => {
  const entry: StreamEntry = { type: 'event', event: event(), recordedAt: at(1) }
  const { content, signature } = delivered(entry)
  const changed = Buffer.from(content)
  changed[5] = 0
  const forged = [
    { offset: 0, content: changed, signature },
    { offset: 0, content, signature: undefined },
    { offset: 0, content, signature: 'f'.repeat(64) },
    { offset: 0, content, signature: signature.slice(1) },
    { offset: 0, ...writeMessage(entry, createFleetKey(['another password'], 'mixmatch')) },
    { offset: 0, ...writeMessage(entry, createFleetKey(['the password'], 'other-stream')) },
  ]
  t.deepEqual(
    forged.map(message => readMessage(message, key).type),
    forged.map(() => 'forged'),
  )
  t.is(new Set(forged.map(message => createForgedEvent(message).messageId)).size, forged.length)
  t.false(createForgedEvent({ offset: 0, content, signature }).body.includes('mixmatch.'))
})

test('a signed message of a later version is not read as one of this version', t => {
  const { content } = delivered({ type: 'event', event: event(), recordedAt: at(1) })
  const later = Buffer.from(content.toString().replace('"v":1', '"v":2'))
  const read = readMessage({ offset: 3, content: later, signature: key.sign(later) }, key)
  t.like(read, { type: 'unreadable', version: 2 })
})

test('the id of a key does not reveal the key, and differs between streams', t => {
  t.regex(key.id, /^[0-9a-f]{16}$/)
  t.not(key.id, createFleetKey(['the password'], 'other').id)
  t.is(key.id, createFleetKey(['the password'], 'mixmatch').id)
})

function delivered(entry: StreamEntry) {
  return { offset: 0, ...writeMessage(entry, key) }
}
