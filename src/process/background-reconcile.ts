import type { Logger } from 'pino'
import type { Config } from '../config/config.js'
import type { Event } from '../event/event.js'
import { openLogReader } from '../log/open-log.js'
import { isDue } from '../reconcile/due.js'
import type { Reconciler } from '../reconcile/reconciler.js'
import {
  type Delays,
  defaultDelays,
  type ReconcileScheduler,
  startReconcileScheduler,
} from '../reconcile/scheduler.js'

/**
 * Reconcile in the background of a recorder, as `[DEFAULT] reconcile` says, until the signal stops it.
 *
 * @param record appends events and applies them to the views
 */
export function reconcileInBackground(
  config: Pick<Config, 'auth' | 'clouds' | 'upstream' | 'notification'>,
  { logFile, viewsFile }: { logFile: string; viewsFile: string },
  record: (events: readonly Event[]) => void,
  {
    signal,
    logger,
    delays = defaultDelays,
  }: { signal: AbortSignal; logger: Logger; delays?: Delays },
): ReconcileScheduler {
  const { reconcile: mode } = config.notification
  if (mode === 'never') return { notice: () => {}, stopped: Promise.resolve() }

  using log = openLogReader(logFile)
  const names = config.clouds.map(({ name }) => name)
  let opened: Promise<Reconciler> | null = null
  /** Most recorders never reconcile, so its modules are loaded when it is due. */
  const open = async () => {
    const { openReconciler } = await import('../reconcile/reconciler.js')
    return openReconciler(config, { logFile, viewsFile })
  }
  const scheduler = startReconcileScheduler({
    clouds: names.filter(name => isDue(log, name, mode)),
    afterGaps: mode === 'gaps',
    async reconcile(at, until) {
      opened ??= open()
      return (await opened).reconcile(at, { append: record }, until)
    },
    delays,
    signal,
    logger,
  })
  const stopped = scheduler.stopped.finally(async () => {
    const reconciler = await opened?.catch(() => null) // the scheduler has logged why it could not be opened
    await reconciler?.[Symbol.asyncDispose]()
  })
  return { notice: scheduler.notice, stopped }
}
