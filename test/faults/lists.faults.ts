import type { IncomingMessage } from 'node:http'
import anyTest, { type TestFn } from 'ava'
import { logIn, type User } from '../sandbox/clouds.js'
import { peakBytes } from './process-memory.js'
import { processesOf } from './processes.js'
import { type ProxyMachine, startProxyMachine } from './proxy-machine.js'
import { type UpstreamFault, upstreamFaults } from './upstream-fault.js'

/** A list over both clouds, and the service that fails at one of them. The lists are asked at the same time. */
interface List {
  readonly items: 'images' | 'volumes'
  readonly failing: string
  readonly other: string
  path(project: string): string
  created(name: string): object
}

const lists: readonly List[] = [
  {
    items: 'images',
    failing: 'sp1',
    other: 'default',
    path: () => '/image/v2/images',
    created: name => ({ name, disk_format: 'raw', container_format: 'bare' }),
  },
  {
    items: 'volumes',
    failing: 'default',
    other: 'sp1',
    path: project => `/volume/v3/${project}/volumes`,
    created: name => ({ volume: { name, size: 1 } }),
  },
]

const TIMEOUT_S = 5
/** A busy machine is late by some seconds. */
const PATIENCE_MS = 45_000
/** Far less than a body that is decompressed, or kept. */
const MAX_RESIDENT_BYTES = 400e6

let fault: UpstreamFault | null = null
/** The lists that were asked for while their service failed. */
const met = new Set<List>()

const test = anyTest as TestFn<ProxyMachine & { user: User; worker: number; end(): Promise<void> }>

test.before(async t => {
  const steps: (() => unknown)[] = []
  const teardown = (step: () => unknown) => void steps.push(step)
  const timeouts = ['headers_timeout', 'idle_timeout', 'aggregation_timeout']
  const options = timeouts.map(name => `${name} = ${TIMEOUT_S}`)
  const machine = await startProxyMachine(
    { teardown },
    {
      clouds: ['default', 'sp1'],
      options: ['workers = 1', 'aggregation = true', ...options],
      intercept,
    },
  )
  const end = async () => {
    for (const step of steps.toReversed()) await step()
  }
  await machine.node.start()
  await machine.node.untilReady()
  const user = await logIn(machine.federation.cloud('default'))
  t.context = { ...machine, user, worker: workerOf(machine), end }
  for (const { path, created } of lists) {
    for (const cloud of ['default', 'sp1']) {
      const made = await user.call('POST', machine.node.url + path(user.project), {
        json: created(`at ${cloud}`),
        headers: { 'MM-SERVICE-PROVIDER': cloud },
      })
      t.true(made.status < 300, made.text)
    }
  }
})

test.after.always(t => t.context.end?.())

for (const each of upstreamFaults) {
  test.serial(`a list is complete but for the cloud that ${each.name}, and names it`, async t => {
    fault = each
    met.clear()
    const begun = performance.now()
    const partial = await Promise.all(lists.map(list => ask(t.context, list)))
    const ms = performance.now() - begun
    fault = null
    t.deepEqual(
      partial,
      lists.map(({ failing, other }) => ({
        status: 200,
        names: [`at ${other}`],
        missing: failing,
      })),
    )
    t.deepEqual([...met], [...lists])
    t.true(ms < TIMEOUT_S * 1000 + PATIENCE_MS, `${ms} ms`)
    t.deepEqual(
      await Promise.all(lists.map(list => ask(t.context, list))),
      lists.map(() => ({ status: 200, names: ['at default', 'at sp1'], missing: null })),
    )
  })
}

test.serial('the worker has lived through all faults of lists in bounded memory', t => {
  const { worker } = t.context
  t.is(workerOf(t.context), worker)
  t.log(`at most ${(peakBytes(worker) / 1e6).toFixed(0)} MB`)
  t.true(peakBytes(worker) < MAX_RESIDENT_BYTES)
})

function intercept(cloud: string, req: IncomingMessage): boolean {
  const list = lists.find(
    ({ items, failing }) =>
      failing === cloud &&
      new RegExp(`^GET /.*/${items}(?:/detail)?(?:\\?|$)`).test(`${req.method} ${req.url}`),
  )
  if (fault === null || !list) return false
  met.add(list)
  fault.act(req.socket)
  return true
}

/** What the list names: its items, and the cloud that is missing. */
async function ask({ node, user }: ProxyMachine & { user: User }, list: List) {
  const { status, json, headers } = await user.call('GET', node.url + list.path(user.project))
  const items: { name: string }[] = json?.[list.items] ?? []
  const names = items.map(({ name }) => name).filter(name => name.startsWith('at '))
  return { status, names: names.toSorted(), missing: headers.get('MM-Partial') }
}

function workerOf({ node }: ProxyMachine): number {
  const worker = processesOf(node).find(({ role }) => role === 'worker')
  if (!worker) throw new Error('no worker runs')
  return worker.pid
}
