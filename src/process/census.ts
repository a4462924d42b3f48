import type { ChildProcess } from 'node:child_process'
import type { Logger } from 'pino'
import { bequest, type Report } from '../metrics/report.js'
import type { Child } from './children.js'
import type { Fleet } from './fleet.js'
import { askReport, type Missing, onReport, type ProcessReport } from './reports.js'

/** What all processes tell of themselves. */
export interface Census extends Disposable {
  /** Ask all of them now. */
  take(): Promise<Findings>
}

export interface Findings {
  /** Of those that run, as they last told it, and of those that are gone. */
  readonly metrics: readonly Report[]
  readonly missing: readonly Missing[]
}

export interface CensusOptions {
  readonly fleet: Pick<Fleet, 'recorder' | 'workers'>
  readonly logger: Logger
  /** How often they are asked, also when nobody wants to know. */
  readonly everyMs?: number
  /** How long one may take to answer. */
  readonly answerMs?: number
  /** After so long without an answer a process is killed, to be started again. */
  readonly patienceMs?: number
}

/** The last that was heard of a process, and when. */
interface Heard {
  readonly at: number
  readonly report: ProcessReport | null
}

/**
 * Ask the children how they are, now and then: so that what they have counted is known when they
 * die, and so that one which hangs (alive, but deaf) is killed and started again.
 */
export function openCensus(options: CensusOptions): Census {
  const { fleet, logger, everyMs = 10_000, answerMs = 3_000, patienceMs = 60_000 } = options
  const heard = new Map<ChildProcess, Heard>()
  let bequeathed: Promise<Report> = Promise.resolve([])

  function hear(process: ChildProcess): void {
    if (heard.has(process)) return
    heard.set(process, { at: performance.now(), report: null })
    onReport(process, report => {
      // What comes after the end of it was counted belongs to nobody any more.
      if (heard.has(process)) heard.set(process, { at: performance.now(), report })
    })
  }

  /** Take over what the dead have counted. */
  function inherit(): Promise<Report> {
    const dead = [...heard].filter(([process]) => hasEnded(process))
    for (const [process] of dead) heard.delete(process)
    const legacies = dead.flatMap(([, { report }]) => (report ? [report.metrics] : []))
    if (legacies.length > 0) bequeathed = bequeathed.then(before => bequest([before, ...legacies]))
    return bequeathed
  }

  async function take(): Promise<Findings> {
    for (const child of [fleet.recorder, ...fleet.workers]) if (child) hear(child.current())
    const asked = [...heard.keys()].map(async process => {
      return [process, await askReport(process, answerMs)] as const
    })
    const answers = new Map(await Promise.all(asked))
    const answerOf = (child: Child) => answers.get(child.current()) ?? null
    return {
      metrics: [await inherit(), ...[...heard.values()].flatMap(metricsOf)],
      missing: [
        ...(fleet.recorder ? missingAtRecorder(answerOf(fleet.recorder)) : []),
        ...missingAtWorkers(fleet.workers.map(answerOf)),
      ],
    }
  }

  function killWhatHangs(): void {
    for (const [process, { at, report }] of heard) {
      const silentMs = Math.round(performance.now() - at)
      // One that never answered is only just starting, and may have views to build from a long log.
      if (report === null || hasEnded(process) || silentMs < patienceMs) continue
      logger.error({ pid: process.pid, silent_ms: silentMs }, 'a process hangs and is killed')
      process.kill('SIGKILL')
    }
  }

  const timer = setInterval(() => void take().then(killWhatHangs), everyMs)
  return {
    take,
    [Symbol.dispose]() {
      clearInterval(timer)
    },
  }
}

function metricsOf({ report }: Heard): Report[] {
  return report ? [report.metrics] : []
}

function missingAtRecorder(answer: ProcessReport | null): readonly Missing[] {
  return answer?.missing ?? [{ part: 'recorder', reason: 'it does not answer' }]
}

/** One that works is enough: the others may just be relieved. */
function missingAtWorkers(answers: readonly (ProcessReport | null)[]): readonly Missing[] {
  const [first] = answers.filter(answer => answer !== null)
  return first?.missing ?? [{ part: 'workers', reason: 'none answers' }]
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}
