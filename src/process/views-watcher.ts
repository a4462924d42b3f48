import type { Logger } from 'pino'
import { MixmatchError } from '../errors.js'
import { findDamage, isDamage } from '../projection/damage.js'
import type { Views } from '../projection/open-views.js'
import { setViewsAside } from '../projection/views-file.js'

/** How often the recorder checks that the views file is still the one that it writes, and whether events wait. */
const CHECK_MS = 1000

/** @param update brings the views up to date */
export function watchViews(
  views: Pick<Views, 'problem' | 'isWaiting'>,
  update: () => void,
  onProblem: (problem: string) => void,
): Disposable {
  const timer = setInterval(() => {
    const problem = views.problem()
    if (problem === null) {
      if (views.isWaiting()) update()
      return
    }
    clearInterval(timer)
    onProblem(problem)
  }, CHECK_MS).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/**
 * Look for damage in a process of its own, because that reads the whole file. While it starts, the recorder
 * does not wait for this.
 */
export function lookForDamage(
  file: string,
  afterMs: number,
  onDamaged: (error: unknown) => void,
  logger: Logger,
): Disposable {
  let isOpen = true
  const check = async () => {
    try {
      const damage = await findDamage(file)
      if (damage === null || !isOpen) return
      setViewsAside(file, 'damaged')
      onDamaged(viewsLost(file, new Error(damage)))
    } catch (err) {
      logger.warn({ err, file }, 'the views could not be checked for damage')
    }
  }
  const timer = setTimeout(check, afterMs).unref()
  return {
    [Symbol.dispose]() {
      isOpen = false
      clearTimeout(timer)
    },
  }
}

/**
 * Build the deferred views, which only audits need. The first batch of a long log takes 80 ms, so this begins after the
 * start, too.
 */
export function buildInBackground(
  views: Pick<Views, 'buildDeferred'>,
  afterMs: number,
  onFailed: (error: unknown) => void,
): Disposable {
  const stopping = new AbortController()
  const timer = setTimeout(() => {
    views.buildDeferred(stopping.signal).catch(onFailed)
  }, afterMs).unref()
  return {
    [Symbol.dispose]() {
      clearTimeout(timer)
      stopping.abort()
    },
  }
}

/** Move damaged views away, so that opening the views builds new ones. */
export function viewsLost(file: string, cause: unknown): MixmatchError {
  const problem = cause instanceof Error ? cause.message : String(cause)
  if (isDamage(cause)) setViewsAside(file, 'damaged')
  const message = `${file}: the views are lost (${problem}). They are built again from the log.`
  return new MixmatchError('VIEWS_LOST', message, { cause })
}
