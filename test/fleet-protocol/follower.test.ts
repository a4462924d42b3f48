import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { MixmatchError } from '../../src/errors.js'
import { createFleetKey } from '../../src/fleet/fleet-key.js'
import { createFollower } from '../../src/fleet/follower.js'
import {
  type StreamDelivery,
  type StreamEntry,
  writeMessage,
} from '../../src/fleet/stream-message.js'
import { position } from '../../src/ids.js'
import { archiveLog } from '../../src/log/archive.js'
import { GENESIS } from '../../src/log/chain.js'
import type { EventLog } from '../../src/log/event-log.js'
import { openLog } from '../../src/log/open-log.js'
import { verifyLog } from '../../src/log/verify.js'
import { mixmatch } from '../commands/run-command.js'
import { at, event, folder } from '../controls.js'
import { forgeries, type Value } from '../log/forgeries.js'

const key = createFleetKey(['secret'], 'stream')
const parts = { stream: 'stream', key }
const begin: StreamEntry = { type: 'begin', through: { position: position(0), hash: GENESIS } }

test('a log goes on at the message where it ended, and proves that it is still there', t => {
  const log = open(t)
  const stream = streamOf(begin, streamed(1), streamed(2), streamed(3))
  take(log, stream.slice(0, 3))
  const follower = createFollower(log, parts)
  t.is(follower.start(), 2)
  follower.take(stream.slice(2))
  t.is(log.head().position, position(3))
  t.like(log.followed(), { stream: 'stream', offset: 3, position: 3 })
  t.deepEqual(verifyLog(log).breaches, [])
})

test('a node stops and appends nothing if the stream has lost messages that its log needs', t => {
  const log = open(t)
  const stream = streamOf(begin, streamed(1), streamed(2), streamed(3), streamed(4))
  take(log, stream.slice(0, 3))
  const error = t.throws(() => take(log, stream.slice(4)), { code: 'STREAM_GAP' })
  t.regex(error?.message ?? '', /begins at offset 4, and this log was at 2: .* retention/)
  t.is(log.head().position, position(2))
})

test('an empty log does not begin in the middle of a stream', t => {
  const log = open(t)
  const stream = streamOf(begin, streamed(1), streamed(2))
  t.throws(() => take(log, stream.slice(1)), { code: 'STREAM_GAP' })
  t.is(log.head().position, position(0))
})

test('a stream that was deleted and begun again is not followed by a log of the old one', t => {
  const log = open(t)
  take(log, streamOf(begin, streamed(1), streamed(2)))
  t.throws(() => take(log, streamOf(begin, streamed(7), streamed(8), streamed(9))), {
    code: 'STREAM_GAP',
    message: /another message at offset 2/,
  })
  t.is(log.head().position, position(2))
})

test('a node stops before a message of a newer version, and appends the messages before it', t => {
  const log = open(t)
  const [first, second] = streamOf(begin, streamed(1))
  const content = Buffer.from('{"v":2,"type":"something new"}')
  const newer = { offset: 2, content, signature: key.sign(content) }
  if (!first || !second) return t.fail()
  t.throws(() => take(log, [first, second, newer]), {
    code: 'STREAM_NEWER',
    message: /message 2: written by a newer Mixmatch \(version 2\)/,
  })
  t.is(log.head().position, position(1))
  t.is(log.followed()?.offset, 1)
})

test('a node with another key neither follows a stream nor records its messages as forged', t => {
  const other = { stream: 'stream', key: createFleetKey(['another secret'], 'stream') }
  const stream = streamOf(begin, streamed(1))
  const empty = open(t)
  t.throws(() => take(empty, stream, other), { code: 'STREAM_KEY' })
  t.is(empty.head().position, position(0))

  const log = open(t)
  take(log, stream)
  t.throws(() => createFollower(log, other).start(), { code: 'STREAM_KEY' })
  t.is(log.head().position, position(1))
})

test('a forged message is recorded as such, once, with the time of the event before it', t => {
  const log = open(t)
  const forged = { content: Buffer.from('{"v":1}'), signature: undefined }
  take(log, [...streamOf(begin, streamed(1)), { offset: 2, ...forged }, { offset: 3, ...forged }])
  t.is(log.head().position, position(2))
  t.like(log.get(position(2)), {
    eventType: 'mixmatch.stream.forged',
    kind: 'noted',
    recordedAt: at(1),
  })
  t.is(log.followed()?.offset, 3)
})

test('a log with the same events goes on with a stream that was made from it', t => {
  const origin = open(t)
  origin.append([event(), event(), event()], at(5))
  const stream = published(origin)
  const empty = open(t)
  take(empty, stream)
  t.is(empty.head().hash, origin.head().hash)
  t.is(origin.followed(), null)

  take(origin, [...stream, ...streamOf(streamed(9)).map(each => ({ ...each, offset: 4 }))])
  t.is(origin.head().position, position(4))
  t.is(origin.followed()?.offset, 4)
  t.deepEqual(verifyLog(origin).breaches, [])
})

test('a node follows only when it has all events of the log that is published into the stream', t => {
  const origin = open(t)
  origin.append([event(), event(), event()], at(5))
  const stream = published(origin)
  const log = open(t)
  const follower = createFollower(log, parts)
  follower.start()
  follower.take(stream.slice(0, 3))
  t.false(follower.isFollowing())
  follower.take(stream.slice(0, 2).map((each, index) => ({ ...each, offset: 3 + index }))) // init again
  t.false(follower.isFollowing())
  follower.take(stream.slice(2).map((each, index) => ({ ...each, offset: 5 + index })))
  t.true(follower.isFollowing())
  t.is(log.head().hash, origin.head().hash)

  const restarted = createFollower(log, parts)
  restarted.start()
  t.false(restarted.isFollowing())
})

test('a log with other events than the stream is refused', t => {
  const log = open(t)
  log.append([event()], at(1))
  const error = t.throws(() => take(log, streamOf(begin, streamed(1))), { code: 'LOG_DIVERGED' })
  t.regex(error?.message ?? '', /event 1 is not that of the stream stream/)
  t.is(log.head().position, position(1))
})

test('a log to which events were appended outside of the fleet is refused', t => {
  const log = open(t)
  take(log, streamOf(begin, streamed(1)))
  log.append([event()], at(2))
  t.throws(() => createFollower(log, parts).start(), {
    code: 'LOG_DIVERGED',
    message: /up to event 1, and ends with event 2/,
  })
})

test('the log of a node is neither archived nor imported into, until it has left the fleet', async t => {
  const log = open(t)
  take(log, streamOf(begin, streamed(1), streamed(2)))
  t.throws(() => archiveLog(log.file, position(1), () => {}), {
    code: 'USAGE',
    message: /All nodes keep all events/,
  })
  const run = () => mixmatch(dirname(log.file), 'log', 'import', 'events.ndjson', '--log', log.file)
  writeFileSync(join(dirname(log.file), 'events.ndjson'), '')
  const refused = await run()
  t.is(refused.code, 2)
  t.regex(refused.err, /is the log of a node in a fleet\. Its events come from the stream/)

  log.append([event()], at(9))
  t.is((await run()).code, 0)
})

test('a node whose place in the stream was edited appends nothing, or what all other nodes append', t => {
  const stream = streamOf(begin, streamed(1), streamed(2), streamed(3), streamed(4))
  const whole = open(t)
  take(whole, stream)
  const followed = () => {
    const log = open(t)
    take(log, stream.slice(0, 3))
    return log
  }
  const [row] = followed().db.prepare<[], Record<string, Value>>('select * from followed').all()
  t.truthy(row)
  const before = followed().head().position
  let unchanged = 0
  let tried = 0
  for (const [column, value] of Object.entries(row ?? {})) {
    for (const forged of forgeries(value)) {
      const log = followed()
      const edit = log.db.prepare(`update followed set "${column}" = ?`)
      try {
        edit.run(forged)
      } catch {
        continue // the type of the column does not allow it
      }
      tried += 1
      try {
        take(log, stream)
      } catch (error) {
        if (!(error instanceof MixmatchError)) throw error
      }
      if (log.head().position === before) unchanged += 1
      else t.is(log.head().hash, whole.head().hash, `${column}: ${String(forged)}`)
    }
  }
  t.true(tried > 15, `${tried} edits`)
  t.true(unchanged > 5 && unchanged < tried, `${unchanged} unchanged`)
})

function open(t: ExecutionContext): EventLog {
  const log = openLog(join(folder(t), 'events.db'))
  t.teardown(() => log[Symbol.dispose]())
  return log
}

function take(log: EventLog, stream: readonly StreamDelivery[], as = parts): void {
  const follower = createFollower(log, as)
  const from = follower.start()
  follower.take(stream.filter(({ offset }) => from === 'first' || offset >= from))
}

function streamed(seconds: number): StreamEntry {
  return { type: 'event', event: event(), recordedAt: at(seconds) }
}

function streamOf(...entries: readonly StreamEntry[]): StreamDelivery[] {
  return entries.map((entry, offset) => ({ offset, ...writeMessage(entry, key) }))
}

function published(log: EventLog): StreamDelivery[] {
  const events = [...log.read()].map(
    (each): StreamEntry => ({ type: 'event', event: each, recordedAt: each.recordedAt }),
  )
  return streamOf({ type: 'begin', through: log.head() }, ...events)
}
