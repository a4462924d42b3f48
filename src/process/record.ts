import type { Logger } from 'pino'
import type { Bus, QueueOptions } from '../bus/bus.js'
import { expectedExchanges, missingExchanges } from '../bus/expected-exchanges.js'
import { listenToBus } from '../bus/listen.js'
import { nameOfBus, parseTransportUrl } from '../bus/transport-url.js'
import type { CloudConfig } from '../config/clouds.js'
import type { Config } from '../config/config.js'
import type { Event } from '../event/event.js'
import type { FleetStatus } from '../fleet/fleet-status.js'
import type { SpName } from '../ids.js'
import type { ReconcileScheduler } from '../reconcile/scheduler.js'
import { untilAborted } from '../until-aborted.js'
import { reconcileInBackground } from './background-reconcile.js'
import { type DeliveryJournal, deliveryJournalOf, openDeliveryJournal } from './delivery-journal.js'
import { createDeliveryRecorder } from './delivery-recorder.js'
import { type OnAppended, openRecorder, type Recorder, type RecorderState } from './recorder.js'
import { fleetStatus, isOfBus, openFleet } from './recording-fleet.js'

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
  config: Pick<Config, 'auth' | 'clouds' | 'fleet' | 'notification' | 'upstream'>,
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
  const { signal } = stopping
  await using fleet = openFleet(config, signal, logger)
  await using recorder = await openRecorder(files, onViewsLost, logger, onAppended, fleet)
  const buses: Bus[] = []
  let reconciling: ReconcileScheduler | undefined

  function startListening(): void {
    if (signal.aborted) return
    const scheduler = reconcileInBackground(config, files, recorder.record, { signal, logger })
    reconciling = scheduler
    const parts = {
      notification: config.notification,
      recorder,
      journal: openDeliveryJournal(deliveryJournalOf(files.logFile)),
      onBusEvent: scheduler.notice,
      isShared: fleet !== null,
      logger,
      signal,
    }
    for (const cloud of config.clouds) {
      for (const url of cloud.messagebuses) buses.push(listenTo(cloud, url, parts))
    }
  }

  if (fleet) void recorder.joined.then(startListening)
  else startListening()
  void asked.then(() => stopping.abort())
  ready({
    buses,
    countMissingExchanges: cloud => countMissing(cloud, config, buses),
    state: recorder.state,
    fleet: () => fleetStatus(fleet, buses),
  })
  await untilAborted(signal)
  await Promise.all([...buses.map(({ stopped }) => stopped), reconciling?.stopped])
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

function listenTo(cloud: CloudConfig, url: string, parts: ListenParts): Bus {
  const { name, messagebuses, cafile, insecure } = cloud
  const { notification, recorder, journal, isShared, signal } = parts
  const { collect: record, compress } = recorder
  const { exchanges } = notification
  const label = messagebuses.length === 1 ? '' : nameOfBus(parseTransportUrl(url))
  const bus = label === '' ? {} : { bus: label }
  const logger = parts.logger.child({ service_provider: name, ...bus })
  return listenToBus({
    serviceProvider: name,
    url,
    label,
    exchanges,
    knownExchanges: recorder.knownExchanges(name),
    queue: queueOf(cloud, parts),
    tls: { caFile: cafile, insecure },
    onDeliveries: createDeliveryRecorder({
      record,
      compress,
      journal,
      publishes: isShared,
      logger,
    }),
    async onBusEvent(event) {
      if (isShared && !isOfBus(event)) return
      await recorder.record([event])
      parts.onBusEvent(event)
    },
    ...(isShared && { heartbeatSeconds: SHARED_HEARTBEAT_SECONDS }),
    logger,
    signal,
  })
}

interface ListenParts {
  readonly notification: Config['notification']
  readonly recorder: Recorder
  readonly journal: DeliveryJournal
  readonly onBusEvent: (event: Event) => void
  /** Whether the nodes of a fleet share the queues. */
  readonly isShared: boolean
  readonly logger: Logger
  readonly signal: AbortSignal
}

/** A node that hangs must not keep the notifications of a cloud for longer than about two of these. */
const SHARED_HEARTBEAT_SECONDS = 10

/** The queue of a fleet and that of a single machine have different names: each empties the other's. */
function queueOf(
  { queueName, fleetQueueName }: CloudConfig,
  { notification, recorder, isShared }: ListenParts,
): QueueOptions {
  const limits = {
    maxBytes: notification.queueMaxBytes ?? 0,
    expiresSeconds: (notification.queueExpiresMs ?? 0) / 1000,
  }
  if (isShared) return { name: fleetQueueName, ...limits, shared: true, earlier: queueName }
  return { name: queueName, ...limits, ...(recorder.hasFollowed && { earlier: fleetQueueName }) }
}
