import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { openHistory } from '../history.js'
import { memoryMebibytes, processTree } from '../process-tree.js'
import { forkPart, nextMessage } from '../program.js'
import { limited, type Result, ratio } from '../result.js'
import type { Row, RowOptions } from '../row.js'
import { openScene, type Scene } from '../scene.js'

/** How long `serve` takes until it serves, and what it needs then. */
export const start: Row = {
  name: 'start',
  title: 'mixmatch serve, one worker: start and idle memory',
  measure,
}

const EVENTS = 1_000_000
const ROUNDS = 5
/** After what runs at the start. */
const SETTLE_MS = 5000

async function measure(options: RowOptions): Promise<readonly Result[]> {
  await using scene = await openScene(options)
  await using cloud = forkPart('upstream.ts')
  const upstream = z.number().parse(await nextMessage(cloud.child))
  const events = options.quick ? EVENTS / 10 : EVENTS
  const full = openHistory(options.folder, events).logFile
  const empty: number[] = []
  const long: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    empty.push(await timeStart(scene, upstream, join(options.folder, `empty-${round}.db`)))
    long.push(await timeStart(scene, upstream, full))
  }
  const [least = 0, leastLong = 0] = [Math.min(...empty), Math.min(...long)]
  const pss = await measureIdle(scene, upstream, join(options.folder, 'idle.db'))
  return [
    limited('start to the first request, empty log', least, { unit: 's', bar: { atMost: 1 } }),
    limited(`start to the first request, ${events.toLocaleString('en-US')} events`, leastLong, {
      unit: 's',
      bar: { atMost: 1 },
    }),
    ratio(
      'start with these events',
      leastLong,
      { name: 'empty log', value: least },
      { unit: 's', bar: { atMost: 1.1 } },
    ),
    limited('idle memory (PSS) of all processes', pss, { unit: 'MB', bar: { atMost: 110 } }),
  ]
}

async function timeStart(scene: Scene, upstream: number, logFile: string): Promise<number> {
  const begun = performance.now()
  const { program, port } = await scene.startAlone({ command: 'serve', upstream, logFile })
  const headers = { 'X-Auth-Token': scene.token }
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/image/v2/images/x`, { headers })
    await response.arrayBuffer()
    if (response.ok) break
    await setTimeout(5)
  }
  const seconds = (performance.now() - begun) / 1000
  await program[Symbol.asyncDispose]()
  return seconds
}

async function measureIdle(scene: Scene, upstream: number, logFile: string): Promise<number> {
  const { program } = await scene.startAlone({ command: 'serve', upstream, logFile })
  await setTimeout(SETTLE_MS)
  const mebibytes = memoryMebibytes(processTree(program.pid), 'Pss')
  await program[Symbol.asyncDispose]()
  return mebibytes * 1.048576
}
