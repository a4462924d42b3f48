import type { ChildProcess } from 'node:child_process'
import type { Report } from '../metrics/report.js'

/** What a process tells of itself. */
export interface ProcessReport {
  readonly metrics: Report
  /** What it cannot do at the moment; empty while all is well. */
  readonly missing: readonly Missing[]
}

/** Something without which requests are not served, or nothing is recorded. */
export interface Missing {
  readonly part: 'recorder' | 'event log' | 'views' | 'workers' | 'keystone'
  readonly reason: string
}

const ASK = 'report?'

/**
 * Answer the supervisor, if there is one, whenever it asks how this process is.
 *
 * @returns a function to tell it without being asked, before the end
 */
export function answerReports(report: () => Promise<ProcessReport>): () => Promise<void> {
  async function tell(): Promise<void> {
    const answer = { report: await report() }
    await new Promise<void>(resolve => {
      if (process.connected) process.send?.(answer, () => resolve())
      else resolve()
    })
  }
  process.on('message', message => {
    // In the middle of its end a process has nothing to tell, and silence is an answer too.
    if (message === ASK) tell().catch(() => {})
  })
  return tell
}

/** Hear all reports of a child, asked for or not. */
export function onReport(child: ChildProcess, listener: (report: ProcessReport) => void): void {
  child.on('message', message => {
    if (isAnswer(message)) listener(message.report)
  })
}

/**
 * Ask a child how it is.
 *
 * @returns null where it does not answer within `patienceMs`, or is gone
 */
export function askReport(child: ChildProcess, patienceMs: number): Promise<ProcessReport | null> {
  return new Promise(resolve => {
    const settle = (report: ProcessReport | null) => {
      clearTimeout(timer)
      child.off('message', onMessage).off('exit', giveUp)
      resolve(report)
    }
    const giveUp = () => settle(null)
    const onMessage = (message: unknown) => {
      if (isAnswer(message)) settle(message.report)
    }
    const timer = setTimeout(giveUp, patienceMs)
    child.on('message', onMessage).once('exit', giveUp)
    if (!child.connected) giveUp()
    else child.send(ASK, error => error && giveUp())
  })
}

/** Only our own processes have this channel, so that the outermost shape is enough to tell. */
function isAnswer(message: unknown): message is { report: ProcessReport } {
  return typeof message === 'object' && message !== null && 'report' in message
}
