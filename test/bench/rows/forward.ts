import { type Forwarder, installPeers, nodePeers, startCPeers, startNodePeer } from '../peers.js'
import { least, type Result, ratio } from '../result.js'
import type { Row, RowOptions } from '../row.js'
import { openScene } from '../scene.js'
import { openRig, type SmallRequests, type Subject } from '../small-requests.js'

/** Small requests through Mixmatch, with everything on, beside other proxies. */
export const forward: Row = {
  name: 'forward',
  title: 'small requests: 1 KB, 64 connections, 10^6 resources in the views',
  measure,
}

interface Measured {
  readonly name: string
  readonly value: SmallRequests
}

async function measure(options: RowOptions): Promise<readonly Result[]> {
  installPeers()
  await using rig = await openRig()
  await using scene = await openScene(options)
  const { upstream } = rig
  const resources = options.quick ? 100_000 : 1_000_000
  const { imagePath, ...mixmatch } = await scene.startMixmatch(resources, { upstream })
  const forwarders: Forwarder[] = [mixmatch]
  for (const name of nodePeers) forwarders.push(scene.add(await startNodePeer(name, upstream)))
  for (const peer of await startCPeers(upstream, options.folder)) forwarders.push(scene.add(peer))

  const { token } = scene
  const path = imagePath('default')
  const subjects: Subject[] = [
    ...forwarders.map(forwarder => ({ ...forwarder, path, token })),
    { ...mixmatch, name: 'service provider', path: imagePath('sp1'), token },
  ]
  const rounds = options.quick ? { rounds: 1, seconds: 2 } : { rounds: 3, seconds: 4 }
  const values = await rig.measure(subjects, rounds)
  return compare(values.map((value, index) => ({ name: subjects[index]?.name ?? '', value })))
}

function compare(measured: readonly Measured[]): Result[] {
  const find = (name: string) =>
    least(
      measured.filter(each => each.name === name),
      () => 0,
    ).value
  const [home, remote] = [find('Mixmatch'), find('service provider')]
  const peers = measured.filter(({ name }) => nodePeers.some(peer => peer === name))
  const cheapest = least(peers, ({ value }) => value.micros)
  const quickest = least(peers, ({ value }) => value.p99Ms)
  const busiest = least(peers, ({ value }) => -value.perSecond)
  const cost = { name: cheapest.name, value: cheapest.value.micros }
  const rate = { name: busiest.name, value: busiest.value.perSecond }
  const p99 = { name: quickest.name, value: quickest.value.p99Ms }
  const memory = { name: 'http-proxy', value: find('http-proxy').memoryMebibytes }
  return [
    ratio('CPU, id at home', home.micros, cost, { unit: 'µs', bar: { atMost: 0.9 } }),
    ratio('CPU, id at a service provider', remote.micros, cost, {
      unit: 'µs',
      bar: { atMost: 1.05 },
    }),
    ratio('requests/s, id at home', home.perSecond, rate, { unit: '/s', bar: { atLeast: 1 } }),
    ratio('p99, id at home', home.p99Ms, p99, { unit: 'ms', bar: { atMost: 1.5 } }),
    ratio('memory of the worker', home.memoryMebibytes, memory, {
      unit: 'MB',
      bar: { atMost: 1.3 },
    }),
    ...measured
      .filter(({ value }) => value !== home && value !== remote)
      .map(({ name, value }) =>
        ratio(
          `for scale: ${name}`,
          value.micros,
          { name: cheapest.name, value: cheapest.value.micros },
          { unit: 'µs', bar: null },
        ),
      ),
  ]
}
