import type { Logger } from 'pino'
import type { Config } from '../config/config.js'
import type { Event } from '../event/event.js'
import { openLogReader } from '../log/log.js'
import {
  type Automatic,
  type Delays,
  reconcileWhenDue,
  usualDelays,
} from '../reconcile/automatic.js'
import { isDue } from '../reconcile/due.js'
import { openReconciler } from '../reconcile/reconciler.js'

/**
 * Reconcile in the background of a recorder, as `[DEFAULT] reconcile` says, until the signal stops it.
 *
 * @param record appends, and keeps the views
 */
export function reconcileInBackground(
  config: Pick<Config, 'auth' | 'clouds' | 'upstream' | 'notification'>,
  { logFile, viewsFile }: { logFile: string; viewsFile: string },
  record: (events: readonly Event[]) => void,
  {
    signal,
    logger,
    delays = usualDelays,
  }: { signal: AbortSignal; logger: Logger; delays?: Delays },
): Automatic {
  const { reconcile: occasion } = config.notification
  if (occasion === 'never') return { noticed: () => {}, stopped: Promise.resolve() }

  using log = openLogReader(logFile)
  const names = config.clouds.map(({ name }) => name)
  const reconciler = openReconciler(config, viewsFile)
  const automatic = reconcileWhenDue({
    clouds: names.filter(name => isDue(log, name, occasion)),
    afterGaps: occasion === 'gaps',
    reconcile: (at, until) => reconciler.reconcile(at, { append: record }, until),
    delays,
    signal,
    logger,
  })
  const stopped = automatic.stopped.finally(() => reconciler[Symbol.asyncDispose]())
  return { noticed: automatic.noticed, stopped }
}
