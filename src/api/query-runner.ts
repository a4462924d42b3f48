import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import * as z from 'zod'
import { MixmatchError } from '../errors.js'
import { parseJson } from '../json.js'
import type { Answers, QueryName } from './queries.js'
import type { ReadSettings } from './query.js'
import type { QueryFailure, QueryRequest, QueryResult } from './query-messages.js'
import type { Viewer } from './viewer.js'

/** Runs queries in a separate process, so that nothing else waits for them. */
export interface QueryRunner extends Disposable {
  /**
   * Run a query.
   *
   * @param parameters texts, as in the query of a URL
   * @throws as the query; OVERLOADED if too many are waiting; QUERY_ABORTED if it takes too long, or its
   *   process dies
   */
  ask<Name extends QueryName>(
    name: Name,
    parameters: Readonly<Record<string, unknown>>,
    viewer: Viewer,
  ): Promise<Answers[Name]>
}

interface QueryRunnerOptions {
  /** Called for each query, because they can change while the process runs. */
  readonly settings: () => ReadSettings
  readonly logger: Pick<Logger, 'error' | 'debug'>
  /** How long a query may take, with the start of the process. A page takes milliseconds. */
  readonly timeoutMs?: number
  /** How long the process waits for the next query before it ends. */
  readonly idleMs?: number
  readonly script?: string
}

/** What was counted is lost with the process, so it outlasts a break of somebody who works with the console. */
const IDLE_MS = 30 * 60_000

/** Queries that wait at the same time. */
const MOST_WAITING = 100

interface Waiting {
  readonly settle: (answer: QueryResult) => void
  readonly fail: (error: Error) => void
}

/** Create a query runner. Its process starts with the first query, and ends after some time without one. */
export function createQueryRunner(options: QueryRunnerOptions): QueryRunner {
  const { settings, logger, timeoutMs = 20_000, idleMs = IDLE_MS } = options
  const { script = import.meta.resolve('./query-process.js') } = options
  const waiting = new Map<number, Waiting>()
  let child: ChildProcess | null = null
  let idle: NodeJS.Timeout | undefined
  let lastId = 0

  function running(): ChildProcess {
    if (child !== null) return child
    const started = fork(fileURLToPath(script), {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    child = started
    started.on('message', (answer: QueryResult) => waiting.get(answer.id)?.settle(answer))
    started.on('error', error => end(started, error.message))
    started.once('exit', (code, signal) => end(started, `it exited with ${signal ?? code}`))
    return started
  }

  /** Forget a process that ended. The next query starts another one. */
  function end(ended: ChildProcess, why: string): void {
    if (child !== ended) return
    child = null
    for (const { fail } of [...waiting.values()]) fail(gone(why))
  }

  function stop(why: string): void {
    const stopped = child
    if (stopped === null) return
    end(stopped, why)
    stopped.kill('SIGKILL') // it only reads, and may be in a long statement
  }

  return {
    ask(name, parameters, viewer) {
      if (waiting.size >= MOST_WAITING) {
        const message = `${waiting.size} queries are waiting already. Try again.`
        return Promise.reject(new MixmatchError('OVERLOADED', message))
      }
      clearTimeout(idle)
      lastId += 1
      const id = lastId
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          logger.error(
            { query: name, parameters, ms: timeoutMs },
            'a query of the read API took too long: its process is killed, and the next query starts another',
          )
          stop(`a query took more than ${timeoutMs / 1000} s`)
        }, timeoutMs)
        const leave = () => {
          clearTimeout(timer)
          waiting.delete(id)
          if (waiting.size > 0) return
          idle = setTimeout(() => child?.disconnect(), idleMs).unref()
        }
        waiting.set(id, {
          settle(answer) {
            leave()
            if ('answer' in answer) resolve(asWritten<Answers[typeof name]>(answer.answer))
            else reject(errorOf(answer.failure))
          },
          fail(error) {
            leave()
            reject(error)
          },
        })
        const request: QueryRequest = { id, name, parameters, viewer, settings: settings() }
        running().send(request, error => {
          if (error) waiting.get(id)?.fail(gone(error.message))
        })
      })
    },
    [Symbol.dispose]() {
      clearTimeout(idle)
      stop('it was stopped')
    },
  }
}

function gone(why: string): MixmatchError {
  return new MixmatchError(
    'QUERY_ABORTED',
    `The process that reads the log ended: ${why}. Try again.`,
  )
}

function errorOf({ code, message }: QueryFailure): Error {
  return code === null ? new Error(message) : new MixmatchError(code, message)
}

/** The answer as this program wrote it, in the other process. */
function asWritten<Answer>(text: string): Answer {
  return z.custom<Answer>().parse(parseJson(text))
}
