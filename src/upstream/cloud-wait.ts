import { type FaultCode, MixmatchError } from '../errors.js'
import type { SpName } from '../ids.js'
import type { Breaker } from './breaker.js'
import { createStopwatch } from './stopwatch.js'

/** What a response says about its cloud. */
type CloudVerdict = 'well' | 'down' | 'unknown'

/**
 * Wait for work at one cloud. All work of one request at one cloud shares one deadline. Its clock stops
 * while the request waits only for other clouds.
 *
 * @param what names the work in messages: `Service provider "sp1": GET /v2/images`
 * @param work gets a signal that aborts it
 * @param verdictOf judges the result; `late` if it came after the short time of a trial
 * @throws SERVICE_PROVIDER_TIMEOUT after the deadline, or if the client has left; what `work` throws
 */
export type WaitForCloud = <Result>(
  what: string,
  work: (signal: AbortSignal) => Promise<Result>,
  verdictOf: (result: Result, late: boolean) => CloudVerdict,
) => Promise<Result>

/** Limits how long one cloud can delay a request to several clouds. */
export interface CloudWaits {
  /**
   * Begin to wait for one cloud on behalf of one request; null if the cloud should not be asked now.
   *
   * @param signal aborted when the client has left or no longer needs this cloud
   */
  open(cloud: SpName, signal: AbortSignal): WaitForCloud | null
  /** Whether the cloud is failing. Then it should get only requests that can prove that it has recovered. */
  isFailing(cloud: SpName): boolean
}

/** How long a trial request waits for a failing cloud. */
const TRIAL_MS = 500
/** A client that leaves sooner may have another reason than a slow cloud. It does not count as a failure. */
const MIN_FAILURE_MS = 1000

const DOWN: readonly FaultCode[] = [
  'SERVICE_PROVIDER_BROKE_OFF',
  'SERVICE_PROVIDER_TIMEOUT',
  'SERVICE_PROVIDER_UNREACHABLE',
]

/**
 * Limit the time for which one cloud can delay a list or a search. A cloud counts as failed in the
 * breaker if the deadline passes, or if a client leaves after it has waited for a second. After a client
 * has left, its work continues in the background until the deadline, at most one such work per cloud. A
 * slow cloud that responds then resets its failures. Without this, clients that leave could open the
 * breaker for a good cloud.
 *
 * @param deadlineMs how long one cloud may delay one request
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
  /** The clouds with work in the background: its client has left. */
  const inBackground = new Set<SpName>()

  function open(cloud: SpName, signal: AbortSignal): WaitForCloud | null {
    const admission = breaker.admit(cloud)
    if (admission === 'refused') return null
    const isTrial = admission === 'trial'
    const stopwatch = createStopwatch(now)
    // One request asks a cloud once for each project of the user. All of that counts as at most one failure.
    let isCounted = false

    function countFailure(begun: number): void {
      if (!isCounted) breaker.failed(cloud, begun)
      isCounted = true
    }

    return (what, work, verdictOf) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(tooLate(what))
        const begun = now()
        const spentMs = stopwatch.start()
        const abort = new AbortController()
        let isWaiting = true
        let isInBackground = false
        const trial = isTrial ? setTimeout(giveUp, Math.max(0, TRIAL_MS - spentMs)) : undefined
        const deadline = setTimeout(onDeadline, deadlineMs - spentMs).unref()
        signal.addEventListener('abort', onClientGone, { once: true })
        work(abort.signal).then(
          result => {
            settle(verdictOf(result, isTrial && !isWaiting))
            resolve(result)
          },
          error => {
            settle(isDown(error) && !abort.signal.aborted ? 'down' : 'unknown')
            reject(error)
          },
        )

        function onDeadline(): void {
          countFailure(begun)
          giveUp()
          leaveBackground()
          abort.abort()
        }

        function onClientGone(): void {
          const isFailure = now() - begun >= MIN_FAILURE_MS
          if (isFailure) countFailure(begun)
          isInBackground = isFailure && !inBackground.has(cloud)
          if (isInBackground) inBackground.add(cloud)
          else abort.abort()
          giveUp()
        }

        function giveUp(): void {
          stopWaiting()
          reject(tooLate(what))
        }

        function stopWaiting(): void {
          if (!isWaiting) return
          isWaiting = false
          clearTimeout(trial)
          signal.removeEventListener('abort', onClientGone)
          stopwatch.stop()
        }

        function leaveBackground(): void {
          if (isInBackground) inBackground.delete(cloud)
          isInBackground = false
        }

        function settle(verdict: CloudVerdict): void {
          clearTimeout(deadline)
          stopWaiting()
          leaveBackground()
          if (verdict === 'down') countFailure(begun)
          if (verdict === 'well') breaker.succeeded(cloud)
        }
      })
  }

  return { open, isFailing: breaker.isFailing }
}

function isDown(error: unknown): boolean {
  return error instanceof MixmatchError && DOWN.includes(error.code)
}

function tooLate(what: string): MixmatchError {
  return new MixmatchError('SERVICE_PROVIDER_TIMEOUT', `${what}: no response in time.`)
}
