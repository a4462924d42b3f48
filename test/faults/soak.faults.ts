import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { people } from '../../sandbox/people.js'
import { openNumberedPublisher } from '../fleet/numbered-publisher.js'
import { logIn } from '../sandbox/clouds.js'
import { CLOUDS, startMachine, startNode } from './machine.js'
import { type Holdings, measurableEnvironment, measureProcess } from './process-memory.js'
import { processesOf } from './processes.js'
import { scale } from './scale.js'

/** After each part of the load, everything rests and is measured. The first half fills caches. */
const PARTS = 12
const PUBLISH_MS = 1000
const CLIENTS = 3
/** Notifications on each bus in each second. */
const NOTIFICATIONS = 50
/** So that hardly any token is cached while everything rests. */
const CACHE_SECONDS = 1
const REST_MS = 2000
/** A slow machine takes longer, so that a leak of a kilobyte for each request is seen there, too. */
const LEAST_ROUNDS = 150
/**
 * What may come from the third quarter to the fourth. Used bytes: compiled code and statistics of V8. Resident
 * bytes: SQLite fills its page cache, up to 16 MB for each file that the recorder has open, and V8 gives memory
 * back late.
 */
const TOLERATED = { usedBytes: 0.5e6, residentBytes: 24e6, handles: 5 }

test('memory and handles of each process stay flat under fresh tokens and notifications', async t => {
  t.timeout(scale.soakMs + 900_000)
  const reports = await mkdtemp(join(tmpdir(), 'mixmatch-memory-'))
  t.teardown(() => rm(reports, { recursive: true, force: true }))
  const options = ['workers = 1', `cache_time = ${CACHE_SECONDS}`]
  const machine = await startMachine({ options, env: measurableEnvironment(reports) })
  t.teardown(machine.close)
  await startNode(machine)
  const { node, federation, busAddress } = machine
  const home = federation.cloud('default')
  const statuses = new Set<string>()
  let rounds = 0

  async function useFreshToken(): Promise<void> {
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
    rounds += 1
  }

  const publishers = await Promise.all(
    CLOUDS.map(cloud => openNumberedPublisher(cloud, 'demo', busAddress(cloud))),
  )

  async function runPart(): Promise<void> {
    const end = performance.now() + scale.soakMs / PARTS
    const lastRound = rounds + LEAST_ROUNDS
    const isOver = () => performance.now() >= end && rounds >= lastRound
    const clients = Array.from({ length: CLIENTS }, async () => {
      while (!isOver()) await useFreshToken()
    })
    while (!isOver()) {
      await Promise.all(publishers.map(each => each.publish(NOTIFICATIONS)))
      await sleep(PUBLISH_MS)
    }
    await Promise.all(clients)
    await sleep(REST_MS)
  }

  const measured = new Map<string, Holdings[]>()
  for (let part = 0; part < PARTS; part++) {
    await runPart()
    for (const { pid, role } of processesOf(node)) {
      const name = `${role} ${pid}`
      measured.set(name, [...(measured.get(name) ?? []), await measureProcess(pid, reports)])
    }
  }
  await Promise.all(publishers.map(each => each.close()))

  t.log(`${rounds} rounds`)
  t.deepEqual([...statuses], ['201 200 204'])
  t.is(measured.size, 3, 'no process was started again')
  for (const [name, all] of measured) {
    for (const what of ['usedBytes', 'residentBytes', 'handles'] as const) {
      const values = all.map(holdings => holdings[what])
      const before = Math.min(...values.slice(PARTS / 2, (PARTS * 3) / 4))
      const after = Math.min(...values.slice((PARTS * 3) / 4))
      t.log(`${name}, ${what}: ${values.map(value => inShort(what, value)).join(' ')}`)
      t.true(after <= before + TOLERATED[what], `${name}: ${what} grows`)
    }
  }
})

function inShort(what: keyof Holdings, value: number): string {
  return what === 'handles' ? String(value) : (value / 1e6).toFixed(1)
}
