import { z } from 'zod'
import { cpuNanoseconds, processTree } from '../process-tree.js'
import { forkPart, nextMessage } from '../program.js'
import { type Result, ratio } from '../result.js'
import type { Row, RowOptions } from '../row.js'
import { openScene } from '../scene.js'

/** A page of a list that is merged from two clouds, beside a page of one cloud. */
export const lists: Row = {
  name: 'lists',
  title: 'a page of 1,000 images, merged from two clouds',
  measure,
}

const RESOURCES = 10_000
const QUERY = '/v2/images?limit=1000'

async function measure(options: RowOptions): Promise<readonly Result[]> {
  await using home = forkPart('image-list.ts', ['0'])
  const homePort = z.number().parse(await nextMessage(home.child))
  await using remote = forkPart('image-list.ts', ['1'])
  const remotePort = z.number().parse(await nextMessage(remote.child))
  await using scene = await openScene(options)
  const { port, program } = await scene.startMixmatch(RESOURCES, {
    ...{ upstream: homePort, remoteUpstream: remotePort, serviceProviders: ['sp1'] },
  })
  const pids = processTree(program.pid)
  const rounds = options.quick ? 50 : 300
  const wall = { merged: Infinity, single: Infinity }
  const cpu = { merged: Infinity, same: Infinity }
  for (let round = 0; round < rounds; round += 1) {
    const before = cpuNanoseconds(pids)
    const merged = await timePage(port, `/image${QUERY}`, scene.token)
    cpu.merged = Math.min(cpu.merged, (cpuNanoseconds(pids) - before) / 1e6)
    wall.merged = Math.min(wall.merged, merged.ms)
    wall.single = Math.min(wall.single, (await timePage(homePort, QUERY, scene.token)).ms)
    cpu.same = Math.min(cpu.same, timeSameWork(merged.text))
  }
  const same = { name: 'parse, sort and stringify', value: cpu.same }
  const single = { name: 'one cloud alone', value: wall.single }
  return [
    ratio('CPU of the proxy', cpu.merged, same, { unit: 'ms', bar: { atMost: 2 } }),
    ratio('time to the whole page', wall.merged, single, { unit: 'ms', bar: { atMost: 2.5 } }),
  ]
}

async function timePage(port: number, path: string, token: string) {
  const begun = performance.now()
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { 'X-Auth-Token': token },
  })
  const text = await response.text()
  const ms = performance.now() - begun
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text.slice(0, 200)}`)
  return { ms, text }
}

/** What nobody can avoid who merges such a list: milliseconds of CPU. */
function timeSameWork(text: string): number {
  const begun = process.cpuUsage()
  const { images } = parseTwice(text)
  JSON.stringify({ images: images.slice(0, 1000) })
  const { user, system } = process.cpuUsage(begun)
  return (user + system) / 1000
}

/** Both clouds send a whole page. */
function parseTwice(text: string) {
  const pages = [text, text].map((page): { images: { created_at: string }[] } => JSON.parse(page))
  const images = pages.flatMap(page => page.images)
  images.sort((one, other) => (one.created_at < other.created_at ? 1 : -1))
  return { images }
}
