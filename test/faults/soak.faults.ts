import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { people } from '../../sandbox/people.js'
import { openNumberedPublisher } from '../fleet/numbered-publisher.js'
import { logIn } from '../sandbox/clouds.js'
import { CLOUDS, startMachine, startNode } from './machine.js'
import { processesOf } from './processes.js'
import { scale } from './scale.js'

const SAMPLE_MS = 1000
const CLIENTS = 3
/** Notifications on each bus in each sample. */
const NOTIFICATIONS = 10
/** Seconds that a token is cached, so that the cache is full long before the first half is over. */
const CACHE_SECONDS = 10
/** Growth of a process that counts as none: a heap is never measured at the same point of its collection. */
const TOLERATED = { share: 0.05, bytes: 6_000_000, handles: 5 }

interface Sample {
  readonly residentBytes: number
  readonly handles: number
}

test('memory and handles of each process stay flat under fresh tokens and notifications', async t => {
  t.timeout(scale.soakMs + 300_000)
  const options = ['workers = 1', `cache_time = ${CACHE_SECONDS}`]
  const machine = await startMachine({ options })
  t.teardown(machine.close)
  await startNode(machine)
  const { node, federation, busAddress } = machine
  const home = federation.cloud('default')
  const stopping = new AbortController()
  const statuses = new Set<string>()

  async function useFreshTokens(): Promise<void> {
    while (!stopping.signal.aborted) {
      const user = await logIn(home, people.demo)
      const images = `${node.url}/image/v2/images`
      const made = await user.call('POST', images, {
        json: { name: 'soak', disk_format: 'raw', container_format: 'bare' },
        headers: { 'MM-SERVICE-PROVIDER': 'sp1' },
      })
      const image = `${images}/${made.json.id}`
      const read = await user.call('GET', image)
      const deleted = await user.call('DELETE', image)
      statuses.add([made, read, deleted].map(({ status }) => status).join(' '))
    }
  }

  const load = Promise.all(Array.from({ length: CLIENTS }, useFreshTokens))
  const publishers = await Promise.all(
    CLOUDS.map(cloud => openNumberedPublisher(cloud, 'demo', busAddress(cloud))),
  )
  const samples = new Map<string, Sample[]>()
  for (const end = performance.now() + scale.soakMs; performance.now() < end; ) {
    await Promise.all(publishers.map(each => each.publish(NOTIFICATIONS)))
    for (const { pid, role } of processesOf(node)) {
      const name = `${role} ${pid}`
      samples.set(name, [...(samples.get(name) ?? []), sampleProcess(pid)])
    }
    await sleep(SAMPLE_MS)
  }
  stopping.abort()
  await load
  await Promise.all(publishers.map(each => each.close()))

  t.deepEqual([...statuses], ['201 200 204'])
  t.is(samples.size, 3, 'no process was started again')
  for (const [name, all] of samples) {
    const half = all.slice(Math.floor(all.length / 2))
    const [third, fourth] = [half.slice(0, half.length / 2), half.slice(half.length / 2)]
    const before = leastBytes(third)
    const after = leastBytes(fourth)
    const handles = [third, fourth].map(mostHandles)
    t.log(`${name}: ${megabytes(before)} → ${megabytes(after)} MB, handles ${handles.join(' → ')}`)
    t.true(after <= before * (1 + TOLERATED.share) + TOLERATED.bytes, `${name} grows`)
    t.true((handles[1] ?? 0) <= (handles[0] ?? 0) + TOLERATED.handles, `${name} leaks handles`)
  }
})

function sampleProcess(pid: number): Sample {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return {
    residentBytes: Number(kilobytes) * 1024,
    handles: readdirSync(`/proc/${pid}/fd`).length,
  }
}

/** The least is what stays after a collection of garbage. */
function leastBytes(samples: readonly Sample[]): number {
  return Math.min(...samples.map(({ residentBytes }) => residentBytes))
}

function mostHandles(samples: readonly Sample[]): number {
  return Math.max(...samples.map(({ handles }) => handles))
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0)
}
