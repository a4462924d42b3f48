import type { Logger } from 'pino'
import type { Bus } from '../bus/bus.js'
import { listen } from '../bus/listen.js'
import type { Config } from '../config/config.js'
import { deliveryJournalOf, openDeliveryJournal } from './delivery-journal.js'
import { createDeliveryRecorder } from './delivery-recorder.js'
import { reconcileInBackground } from './reconciling.js'
import { type OnAppended, openRecorder, type RecorderState } from './recorder.js'

/** The recording while it goes on. */
export interface Recording {
  readonly buses: readonly Bus[]
  state(): RecorderState
}

/**
 * Record every bus until asked to stop: buses → log → views. What is in hand is committed and
 * acknowledged before this returns.
 *
 * @param ready called when the log is open and the views are caught up
 * @param onAppended told of each batch
 * @throws LOG_HELD, LOG_NOT_A_LOG, LOG_FROM_THE_FUTURE; VIEWS_LOST
 */
export async function record(
  config: Pick<Config, 'auth' | 'clouds' | 'notification' | 'upstream'>,
  files: { logFile: string; viewsFile: string; command: string },
  logger: Logger,
  asked: Promise<unknown>,
  ready: (recording: Recording) => void,
  onAppended?: OnAppended,
): Promise<void> {
  const stopping = new AbortController()
  let lost: { error: unknown } | undefined
  const onViewsLost = (error: unknown) => {
    lost = { error }
    stopping.abort()
  }
  await using recorder = await openRecorder(files, onViewsLost, logger, onAppended)
  const { signal } = stopping
  const journal = openDeliveryJournal(deliveryJournalOf(files.logFile))
  const reconciling = reconcileInBackground(config, files, recorder.record, { signal, logger })
  const { exchanges, queueMaxBytes, queueExpiresMs } = config.notification
  const buses = config.clouds.flatMap(({ name, messagebus, queueName, cafile, insecure }): Bus[] =>
    messagebus === null
      ? []
      : [
          listen({
            serviceProvider: name,
            url: messagebus,
            exchanges,
            knownExchanges: recorder.knownExchanges(name),
            queue: {
              name: queueName,
              maxBytes: queueMaxBytes ?? 0,
              expiresSeconds: (queueExpiresMs ?? 0) / 1000,
            },
            tls: { caFile: cafile, insecure },
            onDeliveries: createDeliveryRecorder({
              record: recorder.record,
              journal,
              logger: logger.child({ service_provider: name }),
            }),
            onFact(fact) {
              recorder.record([fact])
              reconciling.notice(fact)
            },
            logger: logger.child({ service_provider: name }),
            signal,
          }),
        ],
  )
  void asked.then(() => stopping.abort())
  ready({ buses, state: recorder.state })
  const stopped = [...buses, reconciling].map(({ stopped }) => stopped)
  await Promise.all([aborted(signal), ...stopped])
  if (lost) throw lost.error
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
