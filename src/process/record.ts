import type { Logger } from 'pino'
import type { Bus } from '../bus/bus.js'
import { expectedExchanges, missingExchanges } from '../bus/expected-exchanges.js'
import { listenToBus } from '../bus/listen.js'
import { nameOfBus, parseTransportUrl } from '../bus/transport-url.js'
import type { CloudConfig } from '../config/clouds.js'
import type { Config } from '../config/config.js'
import type { Event } from '../event/event.js'
import type { FleetStatus } from '../fleet/fleet-status.js'
import type { SpName } from '../ids.js'
import { reconcileInBackground } from './background-reconcile.js'
import { type DeliveryJournal, deliveryJournalOf, openDeliveryJournal } from './delivery-journal.js'
import { createDeliveryRecorder } from './delivery-recorder.js'
import { type OnAppended, openRecorder, type Recorder, type RecorderState } from './recorder.js'

/** A recording in progress. */
export interface Recording {
  readonly buses: readonly Bus[]
  /** The number of expected exchanges that exist on no bus of a cloud. */
  countMissingExchanges(cloud: SpName): number
  state(): RecorderState
  /** null for a single machine. */
  fleet(): FleetStatus | null
}

/**
 * Record the notifications of all buses until it is stopped: buses → log → views. Deliveries in progress
 * are committed and acknowledged before it returns.
 *
 * @param ready called when the log is open and the views are up to date
 * @param onAppended called after each batch
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
  const reconciling = reconcileInBackground(config, files, recorder.record, { signal, logger })
  const parts = {
    notification: config.notification,
    recorder,
    journal: openDeliveryJournal(deliveryJournalOf(files.logFile)),
    onBusEvent: reconciling.notice,
    logger,
    signal,
  }
  const buses = config.clouds.flatMap(cloud =>
    cloud.messagebuses.map(url => listenTo(cloud, url, parts)),
  )
  void asked.then(() => stopping.abort())
  const countMissingExchanges = (cloud: SpName) => countMissing(cloud, config, buses)
  ready({ buses, countMissingExchanges, state: recorder.state, fleet: () => null })
  const stopped = [...buses, reconciling].map(({ stopped }) => stopped)
  await Promise.all([untilAborted(signal), ...stopped])
  if (lost) throw lost.error
}

function countMissing(
  name: SpName,
  { clouds, notification }: Pick<Config, 'clouds' | 'notification'>,
  buses: readonly Bus[],
): number {
  const services = clouds.find(cloud => cloud.name === name)?.enabledServices ?? []
  const ofCloud = buses.filter(({ serviceProvider }) => serviceProvider === name)
  const expected = expectedExchanges(notification, services)
  return missingExchanges(
    ofCloud.map(bus => bus.status()),
    expected,
  ).length
}

function listenTo(
  { name, messagebuses, queueName, cafile, insecure }: CloudConfig,
  url: string,
  parts: {
    readonly notification: Config['notification']
    readonly recorder: Recorder
    readonly journal: DeliveryJournal
    readonly onBusEvent: (event: Event) => void
    readonly logger: Logger
    readonly signal: AbortSignal
  },
): Bus {
  const { notification, recorder, journal, signal } = parts
  const { record, compress } = recorder
  const { exchanges, queueMaxBytes, queueExpiresMs } = notification
  const label = messagebuses.length === 1 ? '' : nameOfBus(parseTransportUrl(url))
  const bus = label === '' ? {} : { bus: label }
  const logger = parts.logger.child({ service_provider: name, ...bus })
  return listenToBus({
    serviceProvider: name,
    url,
    label,
    exchanges,
    knownExchanges: recorder.knownExchanges(name),
    queue: {
      name: queueName,
      maxBytes: queueMaxBytes ?? 0,
      expiresSeconds: (queueExpiresMs ?? 0) / 1000,
    },
    tls: { caFile: cafile, insecure },
    onDeliveries: createDeliveryRecorder({ record, compress, journal, logger }),
    onBusEvent(event) {
      record([event])
      parts.onBusEvent(event)
    },
    logger,
    signal,
  })
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
