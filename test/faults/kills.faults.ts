import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { failedRequests, startClientLoad, TIMED_OUT } from '../fleet/client-load.js'
import { numberedVolume, openNumberedPublisher } from '../fleet/numbered-publisher.js'
import { countCreates } from '../fleet/recorded-log.js'
import { countWrites } from '../fleet/write-counter.js'
import { chance } from '../sample/chance.js'
import { until } from '../until.js'
import { CLOUDS, type Intercept, type Machine, startMachine, startNode } from './machine.js'
import { killProcess, type Role } from './processes.js'
import { scale, seed } from './scale.js'

const EACH_PUBLISHED = 20
const LEAST_PAUSE_MS = 100
const MOST_PAUSE_MS = 1500
const CLIENTS = 8
const SETTLE_MS = 300_000
/** A process that was killed runs again after this time, also on a busy machine. */
const EACH_KILL_MS = 30_000

test('no notification is lost or recorded twice when processes are killed at any moment', async t => {
  t.timeout(scale.kills * EACH_KILL_MS + SETTLE_MS)
  const dice = chance(seed)
  const machine = await start(t)
  const { node } = machine
  const publishers = await Promise.all(
    CLOUDS.map(cloud => openNumberedPublisher(cloud, cloud, machine.busAddress(cloud))),
  )
  t.teardown(() => Promise.allSettled(publishers.map(each => each.close())))
  await startNode(machine)

  for (let kills = 0; kills < scale.kills; kills++) {
    const publishing = publishers.map(each => each.publish(EACH_PUBLISHED))
    await sleep(LEAST_PAUSE_MS + dice.below(MOST_PAUSE_MS - LEAST_PAUSE_MS))
    await Promise.all(publishing)
    const role = dice.pick<Role>(['recorder', 'recorder', 'recorder', 'worker', 'supervisor'])
    await killAndRestart(machine, role)
  }
  await node.untilReady()

  const last = scale.kills * EACH_PUBLISHED
  const expected = CLOUDS.flatMap(cloud =>
    Array.from({ length: last }, (_, at) => numberedVolume(cloud, at + 1)),
  )
  await until(
    'every number is in the log',
    async () => (await countCreates(node)).size >= expected.length,
    SETTLE_MS,
  )
  const counts = await countCreates(node)
  t.deepEqual(
    expected.filter(volume => counts.get(volume) !== 1),
    [],
  )
  const verified = await node.command('log', 'verify')
  t.is(verified.exitCode, 0, verified.stdout + verified.stderr)
})

test('no write is sent twice and no request hangs while workers are killed under load', async t => {
  t.timeout(scale.kills * EACH_KILL_MS + SETTLE_MS)
  const dice = chance(seed)
  const writes = countWrites()
  const machine = await start(t, writes.intercept)
  const { node, federation } = machine
  await node.start()
  await node.untilReady()
  const cloud = federation.cloud('default')
  const load = await startClientLoad({ cloud, bases: [node.url], clients: CLIENTS, pauseMs: 5 })
  // The supervisor waits longer from death to death, so a fourth of the kills takes as long.
  for (let kills = 0; kills < scale.kills / 4; kills++) {
    await until('both workers listen', () => countListens(machine) >= 2 + kills, SETTLE_MS)
    await sleep(LEAST_PAUSE_MS + dice.below(MOST_PAUSE_MS - LEAST_PAUSE_MS))
    killProcess(node, 'worker')
  }
  const survived = load.requests.length
  await until('requests succeed again', () =>
    load.requests.slice(survived).some(({ status }) => status !== null && status < 300),
  )
  await load.stop()

  t.deepEqual(
    [...writes.counts].filter(([, count]) => count > 1),
    [],
  )
  const failed = failedRequests(load.requests)
  t.log(`${load.requests.length} requests, ${failed.length} failed, ${writes.counts.size} writes`)
  t.true(failed.length > 0, 'no kill has met a request')
  t.true(failed.length <= CLIENTS * scale.kills, 'more requests failed than were running')
  t.deepEqual([...new Set(failed.map(({ status }) => status))], [null], 'their connections broke')
  t.deepEqual(
    failed.filter(({ problem }) => problem === TIMED_OUT),
    [],
    'a client gets an answer or a broken connection, never silence',
  )
})

async function start(t: ExecutionContext, intercept?: Intercept): Promise<Machine> {
  t.log(`MIXMATCH_FAULTS_SEED=${seed}`)
  const machine = await startMachine({ ...(intercept && { intercept }), options: ['workers = 2'] })
  t.teardown(machine.close)
  return machine
}

/** How often a worker has begun to listen. */
function countListens({ node }: Machine): number {
  return readFileSync(node.logFile, 'utf8').split('accepting connections').length - 1
}

/** The supervisor starts its processes again; what starts the supervisor is systemd, or here the test. */
async function killAndRestart({ node }: Machine, role: Role): Promise<void> {
  if (role === 'supervisor') {
    await node.kill()
    await node.start()
    return
  }
  await until(`a ${role} runs`, () => killProcess(node, role))
}
