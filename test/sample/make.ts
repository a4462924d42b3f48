/**
 * Makes `data/sample.ndjson.gz`: six weeks of three clouds, told anew from what two real clouds
 * published in some minutes. The same every time.
 *
 *     npx tsx test/sample/make.ts
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parseRecorded } from '../../src/bus/recorded-notification.js'
import { type Event, ownEventTypes } from '../../src/event/event.js'
import { formatTime } from '../../src/event/time.js'
import { type Micros, micros, spName } from '../../src/ids.js'
import { openLog } from '../../src/log/open-log.js'
import { toLine } from '../../src/log/portable.js'
import { createNotificationEvent } from '../../src/notification/notification-event.js'
import { chance } from './chance.js'
import { retell, type Telling, type Told } from './retell.js'
import { type Story, storiesOf } from './stories.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const BEGIN = Date.parse('2026-10-12T06:00:00Z')
const END = Date.parse('2026-11-23T06:00:00Z')
const STORIES = 640

const dice = chance(2026)
const clouds = [
  { name: 'default', stories: storiesOf('default'), share: 0.5 },
  { name: 'sp1', stories: storiesOf('sp1'), share: 0.32 },
  { name: 'sp2', stories: storiesOf('sp1'), share: 0.18 },
]
const projects = Array.from({ length: 9 }, () => dice.uuid().replaceAll('-', ''))

/** Two of them do most of the work. */
function someProject(): string {
  return projects[Math.floor(projects.length * dice.next() ** 1.8)] ?? ''
}

function someStory(stories: readonly Story[]): Story {
  return stories[dice.below(stories.length)] ?? { anchor: '', lines: [] }
}

/** People work by day, and less at the end of the week. */
function someTime(from: number): number {
  for (;;) {
    const at = from + dice.next() * (END - from)
    const date = new Date(at)
    const awake = Math.max(0.08, Math.sin(((date.getUTCHours() - 5) / 16) * Math.PI))
    const weekday = date.getUTCDay() % 6 === 0 ? 0.25 : 1
    if (dice.next() < awake * weekday) return Math.floor(at / 1000) * 1000
  }
}

function telling(cloud: string): Telling {
  return {
    cloud,
    at: someTime(BEGIN),
    giver: someProject(),
    taker: someProject(),
    givenAfter: Math.floor(dice.next() * 6 * 24) * HOUR,
    deletedAfter: dice.next() < 0.42 ? null : Math.floor(1 + dice.next() ** 2 * 20 * 24) * HOUR,
  }
}

// --- what happened ------------------------------------------------------------------------------

const told: Told[] = []
for (let number = 0; number < STORIES; number += 1) {
  const roll = dice.next()
  const cloud = (roll < 0.5 ? clouds[0] : roll < 0.82 ? clouds[1] : clouds[2]) ?? {
    name: '',
    stories: [],
  }
  told.push(...retell(someStory(cloud.stories), telling(cloud.name), dice))
}

const images = clouds.map(({ stories }) =>
  stories.filter(({ lines }) => lines[0]?.eventType === 'image.create'),
)
const volumes = clouds.map(({ stories }) =>
  stories.filter(({ lines }) => lines[0]?.eventType === 'volume.create.start'),
)

// An operator has seeded the same image at two clouds, one after the other.
const seeded = dice.uuid()
for (const [index, cloud] of [
  [0, 'default'],
  [2, 'sp2'],
] as const) {
  const at = BEGIN + (9 + index) * DAY
  const [story] = images[index] ?? []
  if (story)
    told.push(...retell(story, { ...telling(cloud), at, anchor: seeded, deletedAfter: null }, dice))
}

// Some volumes existed before anything was recorded: only their end was heard.
for (const [number, story] of (volumes[1] ?? []).slice(0, 3).entries()) {
  const old = retell(
    story,
    { ...telling('sp1'), at: BEGIN - 9 * DAY, deletedAfter: (14 + number) * DAY },
    dice,
  )
  told.push(...old.filter(({ emittedAt }) => emittedAt > BEGIN))
}

// An administrator of sp1 has set another owner of an image, without any transfer.
const [first = projects[0], second = projects[1]] = [projects[3], projects[4]]
const [orphaned] = images[1] ?? []
if (orphaned) {
  const story = retell(
    orphaned,
    { ...telling('sp1'), at: BEGIN + 20 * DAY, giver: first ?? '', deletedAfter: null },
    dice,
  )
  told.push(
    ...story.map((each, index) =>
      index < story.length - 1
        ? each
        : {
            line: JSON.parse(JSON.stringify(each.line).replaceAll(first ?? '', second ?? '')),
            emittedAt: each.emittedAt,
          },
    ),
  )
}

// --- how it was heard ---------------------------------------------------------------------------

interface Heard {
  readonly event: Event
  readonly at: number // milliseconds
}

/** The bus of sp2 was down for some days, its queue was kept; one weekend nobody was at sp1. */
const outage = { cloud: 'sp2', from: BEGIN + 15.2 * DAY, until: BEGIN + 17.9 * DAY }
const closed = { cloud: 'sp1', from: BEGIN + 25.6 * DAY, until: BEGIN + 28.1 * DAY }

/** The clock of sp2 runs ahead from some day on. */
const AHEAD = { cloud: 'sp2', from: BEGIN + 33 * DAY, by: 7_300 }

const heard: Heard[] = told
  .filter(({ emittedAt }) => emittedAt >= BEGIN && emittedAt < END)
  .map(({ line, emittedAt }, index) => {
    const event = createNotificationEvent(parseRecorded(line, `sample:${index}`))
    const { serviceProvider: cloud } = event
    const away = cloud === closed.cloud && emittedAt > closed.from && emittedAt < closed.until
    const happened = away ? emittedAt + closed.until - closed.from : emittedAt
    const ahead = cloud === AHEAD.cloud && happened > AHEAD.from ? AHEAD.by : 0
    const kept = cloud === outage.cloud && happened > outage.from && happened < outage.until
    const emitted =
      event.emittedAt === null
        ? null
        : micros(event.emittedAt + (happened - emittedAt + ahead) * 1000)
    return {
      event: { ...event, emittedAt: emitted, body: restamped(event.body, emitted) },
      at: (kept ? outage.until + index : happened) + 20 + dice.below(180),
    }
  })
  .filter(({ at }) => at < END)

/** The message says the same time as the event. */
function restamped(body: string, emitted: Micros | null): string {
  if (emitted === null) return body
  const timestamp = formatTime(emitted).replace('T', ' ').replace('Z', '')
  return body.replace(/"timestamp":"[^"]*"/, `"timestamp":"${timestamp}"`)
}

function noted(cloud: string, eventType: string, at: number, fields: Partial<Event> = {}): Heard {
  const event: Event = {
    serviceProvider: spName(cloud),
    source: 'recorder',
    messageId: dice.uuid(),
    eventType,
    kind: 'noted',
    emittedAt: micros(at * 1000),
    resource: null,
    project: null,
    parent: null,
    wire: { exchange: '', routingKey: '', envelope: 'none' },
    body: '{}',
    ...fields,
  }
  return { event, at }
}

for (const { name } of clouds) {
  heard.push(
    noted(name, ownEventTypes.queueDeclared, BEGIN - 2000),
    noted(name, ownEventTypes.busConnected, BEGIN - 1500),
  )
}
heard.push(
  noted(outage.cloud, ownEventTypes.busLost, outage.from),
  noted(outage.cloud, ownEventTypes.busConnected, outage.until),
)
// A volume of default was gone when somebody asked for it: its cloud never said so.
const ended = new Set(
  heard.filter(({ event }) => event.kind === 'deleted').map(({ event }) => event.resource?.id),
)
const vanished = heard.find(
  ({ event: { eventType, serviceProvider, resource } }) =>
    eventType === 'volume.create.end' && serviceProvider === 'default' && !ended.has(resource?.id),
)
heard.push(
  noted('default', ownEventTypes.observedMissing, END - 3 * DAY, {
    source: 'proxy',
    kind: 'deleted',
    resource: vanished?.event.resource ?? null,
  }),
)

// --- the log ------------------------------------------------------------------------------------

const folder = mkdtempSync(join(tmpdir(), 'mixmatch-sample-'))
try {
  using log = openLog(join(folder, 'events.db'))
  heard.sort((one, other) => one.at - other.at)
  for (const { event, at } of heard) log.append([event], micros(at * 1000))
  const lines = [...log.read()].map(event => `${toLine(event)}\n`)
  const file = new URL('../../data/sample.ndjson.gz', import.meta.url)
  const compressed = gzipSync(lines.join(''), { level: 9 })
  writeFileSync(file, compressed)
  console.log(`${lines.length} events, ${compressed.length} bytes, head ${log.head().hash}`)
} finally {
  rmSync(folder, { recursive: true })
}
