import { type FaultCode, MixmatchError } from '../errors.js'
import type { SpName } from '../ids.js'
import type { Breaker } from './breaker.js'

/** What an answer says of its cloud. */
export type Verdict = 'well' | 'down' | 'unknown'

/**
 * Wait for a piece of work at one cloud. All that one request asks of the cloud shares one deadline;
 * the clock runs while the request waits for this cloud and not while it waits for others.
 *
 * @param what names the work in messages: `Service provider "sp1": GET /v2/images`
 * @param work gets a signal that calls it off
 * @param verdictOf judges the result; `late` where it came after a trial's short time
 * @throws SERVICE_PROVIDER_TIMEOUT when the time is up or the client has left; what `work` throws
 */
export type WaitForCloud = <Result>(
  what: string,
  work: (signal: AbortSignal) => Promise<Result>,
  verdictOf: (result: Result, late: boolean) => Verdict,
) => Promise<Result>

/** What keeps one cloud from holding up a request to several. */
export interface CloudWaits {
  /** Open the wait of one request for one cloud; null where the cloud is not to be asked now. */
  open(cloud: SpName, signal: AbortSignal): WaitForCloud | null
  /** Whether the cloud fails, so that only what proves it well again should be asked of it. */
  isFailing(cloud: SpName): boolean
}

/** A cloud that is tried again after failures holds nobody up for longer. */
const TRIAL_MS = 500
/** A client that leaves sooner says nothing of the cloud: it has changed its mind. */
const NOTICEABLE_MS = 1000

const DOWN: readonly FaultCode[] = [
  'SERVICE_PROVIDER_BROKE_OFF',
  'SERVICE_PROVIDER_TIMEOUT',
  'SERVICE_PROVIDER_UNREACHABLE',
]

/**
 * Make what keeps one cloud from holding up a list or a search over several. A cloud that is late is
 * counted by the breaker, whoever gave up: the deadline, or a client that had waited for a while. In
 * the second case the work goes on to its deadline, once for each cloud at a time, so that a cloud
 * that is only slow can clear itself; otherwise clients that leave could shut a good cloud out.
 *
 * @param deadlineMs how long one cloud may hold up one request
 * @param now milliseconds of a clock that never goes back
 */
export function createCloudWaits({
  breaker,
  deadlineMs,
  now,
}: {
  breaker: Breaker
  deadlineMs: number
  now: () => number
}): CloudWaits {
  /** The clouds that are still being judged by work whose client has left. */
  const judging = new Set<SpName>()

  function open(cloud: SpName, signal: AbortSignal): WaitForCloud | null {
    const admission = breaker.admit(cloud)
    if (admission === 'refused') return null
    const isTrial = admission === 'trial'
    const stopwatch = createStopwatch(now)
    // A request asks a cloud once for each project of the user: that is one failure all the same.
    let counted = false

    return (what, work, verdictOf) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(tooLate(what))
        const begun = now()
        const spentMs = stopwatch.start()
        const stop = new AbortController()
        let waiting = true
        let isJudge = false
        const trial = isTrial ? setTimeout(giveUp, Math.max(0, TRIAL_MS - spentMs)) : undefined
        const deadline = setTimeout(() => {
          countFailure()
          giveUp()
          stop.abort()
        }, deadlineMs - spentMs).unref()
        signal.addEventListener('abort', onClientGone, { once: true })
        work(stop.signal).then(
          result => {
            settle(verdictOf(result, isTrial && !waiting))
            resolve(result)
          },
          error => {
            settle(isDown(error) && !stop.signal.aborted ? 'down' : 'unknown')
            reject(error)
          },
        )

        function onClientGone(): void {
          const isNoticeable = now() - begun >= NOTICEABLE_MS
          if (isNoticeable) countFailure()
          isJudge = isNoticeable && !judging.has(cloud)
          if (isJudge) judging.add(cloud)
          else stop.abort()
          giveUp()
        }

        function giveUp(): void {
          stopWaiting()
          reject(tooLate(what))
        }

        function stopWaiting(): void {
          if (!waiting) return
          waiting = false
          clearTimeout(trial)
          signal.removeEventListener('abort', onClientGone)
          stopwatch.stop()
        }

        function settle(verdict: Verdict): void {
          clearTimeout(deadline)
          if (isJudge) judging.delete(cloud)
          if (verdict === 'down') countFailure()
          if (verdict === 'well') breaker.succeeded(cloud)
          stopWaiting()
        }

        function countFailure(): void {
          if (!counted) breaker.failed(cloud, begun)
          counted = true
        }
      })
  }

  return { open, isFailing: breaker.isFailing }
}

/** Counts the time in which at least one thing runs. */
function createStopwatch(now: () => number): { start: () => number; stop: () => void } {
  let running = 0
  let since = 0
  let total = 0
  const elapsed = () => total + (running > 0 ? now() - since : 0)
  return {
    /** Milliseconds so far. */
    start() {
      const before = elapsed()
      if (running === 0) since = now()
      running += 1
      return before
    },
    stop() {
      if (running === 1) total = elapsed()
      running -= 1
    },
  }
}

function isDown(error: unknown): boolean {
  return error instanceof MixmatchError && DOWN.includes(error.code)
}

function tooLate(what: string): MixmatchError {
  return new MixmatchError('SERVICE_PROVIDER_TIMEOUT', `${what}: no answer in time.`)
}
