import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import type { Event } from '../../src/event/event.js'
import { openLogReader } from '../../src/log/open-log.js'
import { createNotificationEvent, digestOf } from '../../src/notification/notification-event.js'
import { openDeliveryJournal } from '../../src/process/delivery-journal.js'
import { createDeliveryRecorder } from '../../src/process/delivery-recorder.js'
import { folder } from '../controls.js'
import { delivery, message } from '../notification/fixtures.js'

const image = (id: string, redelivered = true) =>
  delivery(JSON.stringify(message('image.create', { id }, { message_id: id })), { redelivered })

const digestOfPoison = digestOf(image('poison'))

function recording(
  t: ExecutionContext,
  file = join(folder(t), 'events.db-in-hand.json'),
  publishes = false,
) {
  const batches: (readonly Event[])[] = []
  const compressed: (readonly string[] | undefined)[] = []
  const lines: { msg: string }[] = []
  const onDeliveries = createDeliveryRecorder({
    record(events, payloads) {
      batches.push(events)
      compressed.push(payloads?.map(String))
    },
    compress: async events => events.map(({ messageId }) => Buffer.from(messageId)),
    journal: openDeliveryJournal(file),
    publishes,
    logger: pino({}, { write: line => lines.push(JSON.parse(line)) }),
  })
  const typesOf = () => batches.map(batch => batch.map(event => event.eventType))
  return { file, batches, compressed, lines, onDeliveries, typesOf }
}

test('new messages are recorded together, and redelivered ones one by one, in order', async t => {
  const { batches, onDeliveries, file } = recording(t)
  await onDeliveries([
    image('a', false),
    image('b', false),
    image('c'),
    image('d'),
    image('e', false),
  ])
  t.deepEqual(
    batches.map(batch => batch.map(({ messageId }) => messageId)),
    [['a', 'b'], ['c'], ['d'], ['e']],
  )
  t.false(existsSync(file))
})

test('in a fleet a batch is published as one, also with redelivered messages, and only reading counts as an attempt', async t => {
  const file = join(folder(t), 'events.db-in-hand.json')
  for (const _ of [0, 1]) openDeliveryJournal(file).begin(digestOfPoison)
  const { batches, onDeliveries } = recording(t, file, true)
  await onDeliveries([image('a', false), image('b'), image('poison'), image('c')])
  t.deepEqual(
    batches.map(batch => batch.map(({ eventType }) => eventType)),
    [['image.create', 'image.create', 'mixmatch.unparseable', 'image.create']],
  )
  t.false(existsSync(file))
})

test('many new messages are recorded together, each with its own payload from the thread', async t => {
  const { batches, compressed, onDeliveries } = recording(t)
  const ids = Array.from({ length: 150 }, (_, index) => `image ${index}`)
  await onDeliveries([...ids.map(id => image(id, false)), image('redelivered')])
  t.deepEqual(
    batches.map(batch => batch.map(({ messageId }) => messageId)),
    [ids, ['redelivered']],
  )
  t.deepEqual(compressed, [ids, undefined])
})

const many = (name: string) => Array.from({ length: 100 }, (_, at) => image(`${name} ${at}`, false))

function deferred() {
  let resolve = () => {}
  const promise = new Promise<void>(settle => {
    resolve = settle
  })
  return { promise, resolve: () => resolve() }
}

for (const publishes of [false, true]) {
  for (const batch of [[image('new', false)], many('new'), [image('redelivered')]]) {
    const size = `${batch.length} message${batch.length > 1 ? 's' : ''}`
    const which = batch[0]?.redelivered ? 'redelivered' : 'new'
    const where = publishes ? 'published' : 'recorded'
    test(`a batch of ${size} (${which}) is ${where} after the one before it, and not if that fails`, async t => {
      const { batches, onDeliveries } = recording(t, undefined, publishes)
      const previous = deferred()
      const done = onDeliveries(batch, previous.promise)
      await nextTurn()
      t.deepEqual(batches, [])
      previous.resolve()
      await done
      t.is(batches.flat().length, batch.length)

      const failed = Promise.reject(new Error('the disk is full'))
      await t.throwsAsync(async () => onDeliveries(batch, failed), { message: 'the disk is full' })
      t.is(batches.flat().length, batch.length)
    })
  }
}

test('new messages are read before the batch before them is recorded, but not while a redelivered one is', async t => {
  const read: string[] = []
  const onDeliveries = createDeliveryRecorder({
    record() {},
    journal: openDeliveryJournal(join(folder(t), 'events.db-in-hand.json')),
    logger: pino({ enabled: false }),
    read(each) {
      const event = createNotificationEvent(each)
      read.push(event.messageId)
      return event
    },
  })
  const first = deferred()
  const ahead = onDeliveries([image('ahead', false)], first.promise)
  await nextTurn()
  t.deepEqual(read, ['ahead'])
  first.resolve()
  await ahead

  const second = deferred()
  const alone = onDeliveries([image('alone')])
  const after = onDeliveries([image('after', false)], second.promise)
  await alone
  await nextTurn()
  t.deepEqual(read, ['ahead', 'alone'])
  second.resolve()
  await after
  t.deepEqual(read, ['ahead', 'alone', 'after'])
})

test('a message that killed the recorder twice is set aside and logged', async t => {
  const { file } = recording(t)
  for (const deaths of [0, 1]) {
    const dying = openDeliveryJournal(file) // each is a recorder that dies after it has begun
    t.is(dying.begin(digestOfPoison), deaths)
  }
  t.is(statSync(file).mode & 0o027, 0)
  const { onDeliveries, batches, lines } = recording(t, file)
  await onDeliveries([image('innocent'), image('poison'), image('after')])
  t.deepEqual(
    batches.flat().map(({ eventType }) => eventType),
    ['image.create', 'mixmatch.unparseable', 'image.create'],
  )
  t.like(JSON.parse(batches[1]?.[0]?.body ?? ''), {
    reason: 'set aside: the recorder died 2 times over it',
    sha256: digestOfPoison,
    text: null,
  })
  t.like(lines[0], { level: 50, sha256: digestOfPoison, deaths: 2 })
  t.false(existsSync(file))
})

test('a message that killed the recorder once is recorded', async t => {
  const { file } = recording(t)
  openDeliveryJournal(file).begin(digestOfPoison)
  const { onDeliveries, typesOf } = recording(t, file)
  await onDeliveries([image('poison')])
  t.deepEqual(typesOf(), [['image.create']])
})

test('a failure to record a message is not counted as a death of the recorder', async t => {
  const { file } = recording(t)
  const journal = openDeliveryJournal(file)
  const full = createDeliveryRecorder({
    record() {
      throw new Error('the disk is full')
    },
    journal,
    logger: pino({ enabled: false }),
  })
  await t.throwsAsync(async () => full([image('poison')]), { message: 'the disk is full' })
  t.false(existsSync(file))
})

test('a damaged journal is replaced, and a journal has a limited size', t => {
  const { file } = recording(t)
  writeFileSync(file, '{"a": ')
  const journal = openDeliveryJournal(file)
  for (let index = 0; index < 150; index += 1) t.is(journal.begin(`digest ${index}`), 0)
  const kept = Object.keys(JSON.parse(readFileSync(file, 'utf8')))
  t.is(kept.length, 100)
  t.is(kept.at(-1), 'digest 149')
  t.deepEqual(readdirSync(dirname(file)), ['events.db-in-hand.json'])
})

test('a recorder that is killed again and again by one message records the others, and that one as unread', async t => {
  const directory = folder(t)
  const script = fileURLToPath(new URL('./killed-recorder.ts', import.meta.url))
  const signals: (NodeJS.Signals | null)[] = []
  for (let start = 0; start < 4; start += 1) {
    const child = spawn(process.execPath, ['--import=tsx', script, directory], { stdio: 'ignore' })
    const [, signal] = await once(child, 'exit')
    signals.push(signal)
  }
  t.deepEqual(signals, ['SIGKILL', 'SIGKILL', 'SIGKILL', null])
  using log = openLogReader(join(directory, 'events.db'))
  const recorded = [...log.read()].filter(({ source }) => source === 'bus')
  t.deepEqual(
    recorded.map(({ eventType }) => eventType),
    ['image.create', 'mixmatch.unparseable', 'image.create'],
  )
})
