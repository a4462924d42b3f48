import { constants, setPriority } from 'node:os'
import { MixmatchError } from '../errors.js'
import { openHistory } from '../log/history.js'
import { createBackground } from './background.js'
import { queries } from './queries.js'
import type { QueryFailure, QueryRequest, QueryResult } from './query-messages.js'

// The process that runs queries, one after another, for the process with the port for operators. It has
// its own read-only connections, and runs with less priority than recorder and workers.

const background = createBackground()

setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
process.on('disconnect', () => process.exit())
process.on('message', (request: QueryRequest) => {
  // The callback takes the error of a process that has gone. Without it, the error would be uncaught.
  void run(request).then(answer => process.send?.(answer, () => {}))
})

async function run({ id, name, parameters, viewer, settings }: QueryRequest): Promise<QueryResult> {
  try {
    // Opened for each query, because the recorder can replace its files at any time.
    using log = openHistory([settings.logFile])
    const answer = await queries[name].ask({ log, settings, background }, parameters, viewer)
    return { id, answer: JSON.stringify(answer) }
  } catch (error) {
    return { id, failure: failureOf(error) }
  }
}

function failureOf(error: unknown): QueryFailure {
  if (error instanceof MixmatchError) return { code: error.code, message: error.message }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { code: null, message }
}
