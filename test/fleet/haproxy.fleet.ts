import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { call } from '../sandbox/clouds.js'
import { until } from '../until.js'
import { type HaProxy, startHaProxy } from './haproxy.js'
import { type StandInNode, startStandInNode } from './stand-in-node.js'

const names = ['node1', 'node2', 'node3'] as const

test('HAProxy sends the requests of one client to all ready nodes', async t => {
  const { haProxy } = await startNodes(t)
  t.deepEqual(await namesOfAnswers(haProxy), [...names])
})

test('HAProxy sends no requests to a node that is not ready, until it is ready again', async t => {
  const { haProxy, nodes } = await startNodes(t)
  nodes[1].ready = false
  await until('node2 is out', async () => (await haProxy.states()).get('node2') === 'DOWN')
  t.deepEqual(await namesOfAnswers(haProxy), ['node1', 'node3'])
  nodes[1].ready = true
  await until('node2 is back', async () => (await haProxy.states()).get('node2') === 'UP')
  t.deepEqual(await namesOfAnswers(haProxy), [...names])
})

test('HAProxy sends requests to a node that runs if no node is ready', async t => {
  const { haProxy, nodes } = await startNodes(t)
  for (const node of nodes) node.ready = false
  nodes[0].alive = false
  nodes[1].alive = false
  await until('only node3 gets requests', async () => {
    const answers = await namesOfAnswers(haProxy)
    return answers.length === 1 && answers[0] === 'node3'
  })
  t.pass()
})

test('HAProxy sends a read again if a node broke the connection, and a write only once', async t => {
  const { haProxy, nodes } = await startNodes(t)
  for (const node of nodes) node.breaks = true
  t.is((await call('POST', haProxy.url)).status, 502)
  const writes = nodes.flatMap(({ received }) => received.filter(method => method === 'POST'))
  t.deepEqual(writes, ['POST'])

  nodes[1].breaks = false
  nodes[2].breaks = false
  for (let reads = 0; reads < 6; reads += 1) t.is((await call('GET', haProxy.url)).status, 200)
})

async function startNodes(t: ExecutionContext) {
  const directory = await mkdtemp(join(tmpdir(), 'mixmatch-haproxy-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const nodes: [StandInNode, StandInNode, StandInNode] = [
    await startStandInNode(t, names[0]),
    await startStandInNode(t, names[1]),
    await startStandInNode(t, names[2]),
  ]
  const haProxy = await startHaProxy(directory, nodes)
  t.teardown(haProxy.close)
  return { haProxy, nodes }
}

/** The names of the nodes that answer a dozen requests, each once. */
async function namesOfAnswers({ url }: HaProxy): Promise<readonly string[]> {
  const answers: string[] = []
  for (let sent = 0; sent < 12; sent += 1) answers.push((await call('GET', url)).text)
  return [...new Set(answers)].sort()
}
