/**
 * Measure the work of each page of the read API over a log of many resources:
 *
 *     npm run bench:api -- events.db 10000000
 *
 * The log and its views are made if the file does not exist.
 */
import { createBackground } from '../../src/api/background.js'
import { type QueryName, queries } from '../../src/api/queries.js'
import type { Viewer } from '../../src/api/viewer.js'
import { formatTime } from '../../src/event/time.js'
import { IDENTITY_PROVIDER, micros, spName } from '../../src/ids.js'
import { openHistory } from '../../src/log/history.js'
import { makeManyResources } from './many-resources.js'

const [file = 'many.db', resources = '10000000'] = process.argv.slice(2)
const ROUNDS = 21
const PROJECT = '00000000000000000000000000000007'
const reader: Viewer = ['default', 'sp1', 'sp2'].map(service_provider => ({
  service_provider,
  project: PROJECT,
}))

makeManyResources(file, Number(resources))
const background = createBackground()
const settings = {
  logFile: file,
  accessLog: null,
  anchors: null,
  clouds: [IDENTITY_PROVIDER, spName('sp1'), spName('sp2')].map(name => ({
    name,
    spName: name,
    enabledServices: ['image', 'volume'],
  })),
  searchByBroadcast: false,
  aggregation: false,
  extendsNetworks: false,
}

async function ask(name: QueryName, parameters: object, viewer: Viewer) {
  using log = openHistory([file])
  return JSON.stringify(await queries[name].ask({ log, settings, background }, parameters, viewer))
}

async function measure(title: string, name: QueryName, parameters: object, viewer: Viewer = 'all') {
  const times: number[] = []
  let bytes = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    const begun = process.cpuUsage()
    bytes = (await ask(name, parameters, viewer)).length
    const { user, system } = process.cpuUsage(begun)
    times.push((user + system) / 1000)
  }
  times.sort((one, other) => one - other)
  const [median = 0, most = 0] = [times[ROUNDS >> 1], times.at(-1)]
  console.log(
    `${title.padEnd(56)} ${median.toFixed(1).padStart(8)} ${most.toFixed(1).padStart(8)} ms CPU ${String(bytes).padStart(8)} bytes`,
  )
}

function idAt(position: number): string {
  using log = openHistory([file])
  return (
    log.db
      .prepare<[number], string>(`select hex(resource_id) from events where position = ?`)
      .pluck()
      .get(position)
      ?.toLowerCase() ?? ''
  )
}

const half = Math.floor(Number(resources) / 2)
const id = idAt(half)
console.log(`${file}: ${resources} resources; median and most of ${ROUNDS}`)
await measure('events, newest 100', 'events', {})
await measure('events, newest 1000', 'events', { limit: '1000' })
await measure('events, from the middle', 'events', { cursor: String(half) })
await measure('events of a project (1 of 1000)', 'events', { project: PROJECT })
await measure('events of a project that has none', 'events', { project: 'f'.repeat(32) })
await measure('events of a type that is rare', 'events', { type: 'image.*' })
await measure('events since a time', 'events', {
  since: formatTime(micros(1_795_440_000_000_000 + half * 1000)),
  order: 'oldest',
})
await measure('events, as a reader sees them', 'events', {}, reader)
await measure('events of a resource', 'events', { resource: id })
await measure('one event', 'event', { position: String(half) })
await measure('resources by prefix of 2 digits', 'search', { id: id.slice(0, 2), limit: '100' })
await measure('resources by prefix of 6 digits', 'search', { id: id.slice(0, 6) })
await measure(
  'resources by prefix, as a reader sees them',
  'search',
  { id: id.slice(0, 2) },
  reader,
)
await measure('resources by name', 'search', { name: 'data' })
await measure('resources by a name that there is not', 'search', { name: 'nothing' })
await measure('resources of a cloud and project', 'search', { cloud: 'sp1', project: PROJECT })
await measure('resources of a type that there is not', 'search', { type: 'image' })
await measure('resources, as a reader sees them', 'search', {}, reader)
await measure('one resource', 'resource', { id })
await measure('one resource at a moment', 'resource', { id, at: String(half) })
await measure('history of a resource', 'history', { id })
await measure('a request explained', 'explain', { method: 'GET', path: `/image/v2/images/${id}` })
await measure('the head of the log', 'log', {})
for (const name of ['holdings', 'conflicts', 'activity'] as const) {
  const begun = performance.now()
  while (!(await ask(name, {}, 'all')).includes('"complete":true')) await new Promise(setImmediate)
  const seconds = (performance.now() - begun) / 1000
  await measure(`${name}, after ${seconds.toFixed(1)} s in the background`, name, {})
}
const at = formatTime(micros(1_795_440_000_000_000 + half * 1000))
const begun = performance.now()
while (!(await ask('holdings', { at }, 'all')).includes('"complete":true'))
  await new Promise(setImmediate)
const seconds = (performance.now() - begun) / 1000
await measure(`holdings at a moment, after ${seconds.toFixed(1)} s`, 'holdings', { at })
