import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { type Background, createBackground } from '../../src/api/background.js'
import { type Answers, type QueryName, queries } from '../../src/api/queries.js'
import type { ReadSettings } from '../../src/api/query.js'
import type { Viewer } from '../../src/api/viewer.js'
import type { Event } from '../../src/event/event.js'
import { openHistory } from '../../src/log/history.js'
import { openLog } from '../../src/log/open-log.js'
import { alice, at, cornmeal, folder, idp, millet } from '../controls.js'

/** Settings without files. */
const noSettings: Omit<ReadSettings, 'logFile'> = {
  accessLog: null,
  anchors: null,
  clouds: [idp, cornmeal, millet].map(name => ({
    name,
    spName: name,
    enabledServices: ['image', 'volume'],
  })),
  searchByBroadcast: false,
  aggregation: false,
  extendsNetworks: false,
}

type Ask = <Name extends QueryName>(
  name: Name,
  parameters: object,
  viewer?: Viewer,
) => Promise<Answers[Name]>

/**
 * A log with these events, each recorded a second after the one before, and a function that asks it. Each
 * answer is checked against its shape.
 */
export function given(
  t: ExecutionContext,
  events: readonly Event[],
  settings: Partial<ReadSettings> = {},
  background: Background = createBackground(),
): Ask & { readonly logFile: string } {
  const logFile = join(folder(t), 'events.db')
  using log = openLog(logFile)
  for (const [index, each] of events.entries()) log.append([each], at(1000 + index))
  const ask: Ask = async (name, parameters, viewer = 'all') => {
    using history = openHistory([logFile])
    const sources = { log: history, settings: { ...noSettings, logFile, ...settings }, background }
    const answer = await queries[name].ask(sources, parameters, viewer)
    t.notThrows(() => queries[name].answer.parse(answer))
    return answer
  }
  return Object.assign(ask, { logFile })
}

export const aliceReads: Viewer = [{ service_provider: cornmeal, project: alice }]

/** Ask until the answer is complete. */
export async function whole<Answer extends { complete: boolean }>(ask: () => Promise<Answer>) {
  for (;;) {
    const answer = await ask()
    if (answer.complete) return answer
    await setImmediate()
  }
}
