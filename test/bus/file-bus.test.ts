import { appendFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import type { OnDeliveries } from '../../src/bus/delivery.js'
import { listenToFile } from '../../src/bus/file-bus.js'
import { listenToBus } from '../../src/bus/listen.js'
import { parseRecorded } from '../../src/bus/recorded-notification.js'
import { MixmatchError } from '../../src/errors.js'
import { type SpName, spName } from '../../src/ids.js'
import { createNotificationEvent } from '../../src/notification/notification-event.js'
import { cornmeal, folder } from '../controls.js'
import { linesOf } from '../notification/fixtures.js'
import { untilTrue } from '../until.js'

/** A line of a file of notifications, with this word as its body. */
const line = (body: string, cloud: string = cornmeal) =>
  `${JSON.stringify({ cloud, exchange: 'glance', routing_key: 'notifications.info', body })}\n`

function follow(
  t: ExecutionContext,
  path: string,
  { serviceProvider = cornmeal, onDeliveries = () => {}, pollMs = 20 }: Partial<Follow> = {},
) {
  const stop = new AbortController()
  const taken: string[] = []
  const batches: number[] = []
  const lines: string[] = []
  const bus = listenToFile(path, {
    serviceProvider,
    url: '',
    logger: pino({ level: 'debug' }, { write: line => lines.push(line) }),
    signal: stop.signal,
    backoff: { firstMs: 10, capMs: 20 },
    pollMs,
    async onDeliveries(batch) {
      await onDeliveries(batch)
      batches.push(batch.length)
      taken.push(...batch.map(({ body }) => body.toString()))
    },
  })
  const stopAndWait = async () => {
    stop.abort()
    await bus.stopped
  }
  t.teardown(stopAndWait)
  return { bus, taken, batches, lines, stop: stopAndWait }
}

interface Follow {
  readonly serviceProvider: SpName
  readonly onDeliveries: OnDeliveries
  readonly pollMs: number
}

test('a file is read from its beginning, and new lines are read as it grows', async t => {
  const path = join(folder(t), 'bus.ndjson')
  writeFileSync(path, line('one') + line('two'))
  const { bus, taken } = follow(t, path)
  await untilTrue(() => taken.length === 2)
  appendFileSync(path, line('three'))
  await untilTrue(() => taken.length === 3)
  t.deepEqual(taken, ['one', 'two', 'three'])
  t.like(bus.status(), { state: 'connected', delivered: 3 })
})

test('a change of a file is noticed at once, without polling', async t => {
  const path = join(folder(t), 'bus.ndjson')
  writeFileSync(path, '')
  const { bus, taken } = follow(t, path, { pollMs: 3600e3 })
  await untilTrue(() => bus.status().state === 'connected')
  await sleep(50)
  appendFileSync(path, line('one'))
  await untilTrue(() => taken.length === 1)
  t.deepEqual(taken, ['one'])
})

test('recorded notifications are delivered in batches of at most a thousand', async t => {
  const path = join(folder(t), 'bus.ndjson')
  const lines = linesOf('sp1')
  const all = Array.from({ length: 12 }, () => lines).flat()
  writeFileSync(path, `${all.join('\n')}\n`)
  const { taken, batches } = follow(t, path, { serviceProvider: spName('sp1') })
  await untilTrue(() => taken.length === 12 * 171)
  t.deepEqual(
    taken,
    all.map(text => JSON.parse(text).body),
  )
  t.true(Math.max(...batches) <= 1000)
})

test('a file is read as soon as it exists, even if its folder did not exist', async t => {
  const home = join(folder(t), 'later')
  const path = join(home, 'bus.ndjson')
  const { bus, taken } = follow(t, path)
  await sleep(50)
  t.is(bus.status().state, 'connecting')
  await mkdir(home)
  writeFileSync(path, line('one'))
  await untilTrue(() => taken.length === 1)
  t.is(bus.status().state, 'connected')
})

test('a line is not read before it is complete', async t => {
  const path = join(folder(t), 'bus.ndjson')
  const text = line('one')
  writeFileSync(path, text.slice(0, 20))
  const { bus, taken } = follow(t, path)
  await untilTrue(() => bus.status().state === 'connected')
  await sleep(60)
  t.deepEqual(taken, [])
  appendFileSync(path, text.slice(20))
  await untilTrue(() => taken.length === 1)
  t.deepEqual(taken, ['one'])
})

test('a line may be longer than a chunk', async t => {
  const path = join(folder(t), 'bus.ndjson')
  const long = 'x'.repeat(3 * 1024 * 1024)
  writeFileSync(path, line('one') + line(long) + line('three'))
  const { taken } = follow(t, path)
  await untilTrue(() => taken.length === 3)
  t.deepEqual(
    taken.map(body => body.length),
    [3, long.length, 5],
  )
})

test('a file that is truncated is read again from its beginning', async t => {
  const path = join(folder(t), 'bus.ndjson')
  writeFileSync(path, line('one') + line('two'))
  const { taken } = follow(t, path)
  await untilTrue(() => taken.length === 2)
  truncateSync(path)
  await sleep(100)
  appendFileSync(path, line('three'))
  await untilTrue(() => taken.length === 3)
  t.deepEqual(taken, ['one', 'two', 'three'])
})

test('a rotated file is read to its end, and then the new file', async t => {
  const path = join(folder(t), 'bus.ndjson')
  writeFileSync(path, line('one'))
  const { taken } = follow(t, path)
  await untilTrue(() => taken.length === 1)
  renameSync(path, `${path}.1`)
  appendFileSync(`${path}.1`, line('two'))
  await sleep(60)
  writeFileSync(path, line('three') + line('four'))
  await untilTrue(() => taken.length === 4)
  t.deepEqual(taken, ['one', 'two', 'three', 'four'])
})

test('a deleted file is read again when it exists again', async t => {
  const path = join(folder(t), 'bus.ndjson')
  writeFileSync(path, line('one'))
  const { taken } = follow(t, path)
  await untilTrue(() => taken.length === 1)
  await rm(path)
  await sleep(60)
  writeFileSync(path, line('two'))
  await untilTrue(() => taken.length === 2)
  t.deepEqual(taken, ['one', 'two'])
})

test('a line that is not a recorded notification is delivered unchanged', async t => {
  const path = join(folder(t), 'bus.ndjson')
  writeFileSync(path, `no JSON\n\n  \r\n{"cloud": 5}\n${line('one')}`)
  const events: string[] = []
  const { taken } = follow(t, path, {
    onDeliveries: batch =>
      void events.push(...batch.map(each => createNotificationEvent(each).eventType)),
  })
  await untilTrue(() => taken.length === 3)
  t.deepEqual(taken, ['no JSON', '{"cloud": 5}', 'one'])
  t.deepEqual(events, Array(3).fill('mixmatch.unparseable'))
})

test('notifications of another cloud are left out, and that is logged once', async t => {
  const path = join(folder(t), 'bus.ndjson')
  writeFileSync(path, line('a', 'millet') + line('b', 'millet') + line('one') + line('c', 'rye'))
  const { bus, taken, lines } = follow(t, path)
  await untilTrue(() => taken.length === 1)
  appendFileSync(path, line('two'))
  await untilTrue(() => taken.length === 2)
  t.deepEqual(taken, ['one', 'two'])
  t.is(lines.filter(text => text.includes('another cloud')).length, 1)
  t.is(bus.status().delivered, 2)
})

test('a batch that could not be recorded is delivered again', async t => {
  const path = join(folder(t), 'bus.ndjson')
  writeFileSync(path, line('one'))
  let refusals = 3
  const { bus, taken } = follow(t, path, {
    onDeliveries() {
      if (refusals === 0) return
      refusals -= 1
      throw new Error('the disk is full')
    },
  })
  await untilTrue(() => taken.length === 1)
  t.is(refusals, 0)
  t.like(bus.status(), { state: 'connected', lastError: null, delivered: 1 })
})

test('a file that cannot be read is retried, and its status says why', async t => {
  const { bus } = follow(t, folder(t))
  await untilTrue(() => bus.status().state === 'retrying')
  t.regex(bus.status().lastError ?? '', /EISDIR/)
})

test('a stop waits for the batch in progress, and starts no other', async t => {
  const path = join(folder(t), 'bus.ndjson')
  writeFileSync(path, line('one'))
  let inHand = false
  let end = () => {}
  const ended = new Promise<void>(resolve => {
    end = resolve
  })
  const { bus, taken, stop } = follow(t, path, {
    async onDeliveries() {
      inHand = true
      await ended
    },
  })
  t.teardown(end)
  await untilTrue(() => inHand)
  appendFileSync(path, line('two'))
  const stopped = stop()
  end()
  await stopped
  t.deepEqual(taken, ['one'])
  t.is(bus.status().state, 'stopped')
})

test('the URL decides the kind of bus, and a URL that cannot be read is rejected', async t => {
  const path = join(folder(t), 'bus.ndjson')
  writeFileSync(path, line('one'))
  const taken: string[] = []
  const stop = new AbortController()
  const options = {
    serviceProvider: cornmeal,
    exchanges: [],
    knownExchanges: [],
    label: '',
    queue: { name: 'a', maxBytes: 0, expiresSeconds: 0 },
    tls: { caFile: null, insecure: false },
    onBusEvent: () => {},
    logger: pino({ level: 'silent' }),
    signal: stop.signal,
    onDeliveries: (batch: readonly { body: Buffer }[]) => {
      taken.push(...batch.map(({ body }) => body.toString()))
    },
  }
  const bus = listenToBus({ ...options, url: pathToFileURL(path).href })
  await untilTrue(() => taken.length === 1)
  stop.abort()
  await bus.stopped
  const error = t.throws(() => listenToBus({ ...options, url: 'kafka://host/' }))
  t.is(error instanceof MixmatchError && error.code, 'CONFIG_INVALID')
})

test('a recorded notification is parsed into its original delivery', t => {
  const properties = { headers: { compression: 'application/x-gzip' } }
  const recorded = {
    cloud: 'sp1',
    exchange: 'nova',
    routing_key: 'notifications.info',
    properties,
    body: 'é',
  }
  t.deepEqual(parseRecorded(recorded, 'a:1'), {
    serviceProvider: spName('sp1'),
    exchange: 'nova',
    routingKey: 'notifications.info',
    compression: 'application/x-gzip',
    redelivered: false,
    body: Buffer.from('é'),
  })
  t.like(parseRecorded({ cloud: 'sp1', body: '' }, 'a:1'), { exchange: '', compression: null })
})

for (const line of [null, 'text', [], {}, { cloud: '', body: '' }, { cloud: 'sp1', body: {} }]) {
  test(`${JSON.stringify(line)} is no recorded notification`, t => {
    const error = t.throws(() => parseRecorded(line, 'recorded.ndjson:17'))
    t.is(error instanceof MixmatchError && error.code, 'IMPORT_REFUSED')
    t.regex(error?.message ?? '', /^recorded\.ndjson:17: expected/)
  })
}
