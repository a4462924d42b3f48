import { Counter, Gauge, type Registry } from 'prom-client'
import { type FleetFigures, gaugeFleet } from './fleet-metrics.js'
import { createRegistry } from './process-metrics.js'
import type { MetricsSnapshot } from './snapshot.js'

/** The values that are read when metrics are collected. */
export interface RecorderFigures {
  readonly buses: readonly BusFigures[]
  readonly logPosition: number
  readonly logBytes: number
  /** What is free for this process on the disk of the log. */
  readonly freeBytes: number
  readonly viewPosition: number
  readonly viewBytes: number
  /** The number of ids that several clouds claim. */
  readonly conflicts: number
  /** null on a single machine. */
  readonly fleet: FleetFigures | null
}

export interface BusFigures {
  readonly cloud: string
  /** The name of the bus; null for the only bus of a cloud. */
  readonly bus: string | null
  readonly connected: boolean
  /** The number of expected exchanges that exist on no bus of its cloud. */
  readonly missing: number
  /** The number of messages in our queue that wait to be delivered; null if the bus has none, or it is not known yet. */
  readonly waiting: number | null
  /** When the last message was delivered, in seconds since 1970; null if there was none yet. */
  readonly lastMessageAt: number | null
}

/** The result of one batch for one cloud. */
export interface Batch {
  readonly cloud: string
  readonly recorded: number
  readonly duplicates: number
  readonly unparseable: number
  /** From the emission of the newest message to its recording; null if it has no timestamp. */
  readonly delaySeconds: number | null
}

/** The metrics of the recorder. */
interface RecorderMetrics {
  appended(batch: Batch): void
  snapshot(): Promise<MetricsSnapshot>
}

/** @param figures null while no log is open */
export function createRecorderMetrics(figures: () => RecorderFigures | null): RecorderMetrics {
  const registry = createRegistry('recorder')
  gaugeBuses(registry, () => figures()?.buses ?? [])
  gaugeFleet(registry, () => figures()?.fleet ?? null)
  gauge(registry, 'log_position', 'Position of the newest event.', () => figures()?.logPosition)
  gauge(registry, 'log_size_bytes', 'Size of the event log.', () => figures()?.logBytes)
  gauge(
    registry,
    'log_disk_free_bytes',
    'Free space on the disk of the event log.',
    () => figures()?.freeBytes,
  )
  gauge(
    registry,
    'views_position',
    'Position of the newest event that the views know.',
    () => figures()?.viewPosition,
  )
  gauge(registry, 'views_size_bytes', 'Size of the views.', () => figures()?.viewBytes)
  gauge(registry, 'conflicts', 'Ids that several clouds claim to hold.', () => figures()?.conflicts)

  const byCloud = (name: string, help: string) =>
    new Counter({ name, help, labelNames: ['cloud'], registers: [registry] })
  const recorded = byCloud('mixmatch_events_recorded_total', 'Events appended to the log.')
  const duplicates = byCloud(
    'mixmatch_duplicates_total',
    'Messages that came once more and were in the log already.',
  )
  const unparseable = byCloud(
    'mixmatch_unparseable_total',
    'Messages that could not be parsed, and were recorded as that.',
  )
  const delay = new Gauge({
    name: 'mixmatch_notification_delay_seconds',
    help: 'From the emission of the last notification to its recording, by two clocks.',
    labelNames: ['cloud'],
    registers: [registry],
  })
  return {
    appended(batch) {
      const { cloud, delaySeconds } = batch
      recorded.inc({ cloud }, batch.recorded)
      duplicates.inc({ cloud }, batch.duplicates)
      unparseable.inc({ cloud }, batch.unparseable)
      if (delaySeconds !== null) delay.set({ cloud }, delaySeconds)
    },
    snapshot: () => registry.getMetricsAsJSON(),
  }
}

function gauge(registry: Registry, name: string, help: string, value: () => number | undefined) {
  new Gauge({
    name: `mixmatch_${name}`,
    help,
    registers: [registry],
    collect() {
      const now = value()
      if (now === undefined) this.remove()
      else this.set(now)
    },
  })
}

function gaugeBuses(registry: Registry, buses: () => readonly BusFigures[]): void {
  const gaugeEach = (
    name: string,
    help: string,
    value: (bus: BusFigures) => number | null,
    labelsOf: (bus: BusFigures) => Record<string, string>,
  ) =>
    new Gauge({
      name,
      help,
      labelNames: ['cloud', 'bus'],
      registers: [registry],
      collect() {
        this.reset() // a bus may have been removed from the configuration
        for (const bus of buses()) {
          const now = value(bus)
          if (now !== null) this.set(labelsOf(bus), now)
        }
      },
    })
  const ofBus = ({ cloud, bus }: BusFigures) => (bus === null ? { cloud } : { cloud, bus })
  const ofCloud = ({ cloud }: BusFigures) => ({ cloud })
  gaugeEach(
    'mixmatch_bus_connected',
    'Whether the message bus of a cloud is being listened to.',
    bus => (bus.connected ? 1 : 0),
    ofBus,
  )
  gaugeEach(
    'mixmatch_bus_missing_exchanges',
    'Expected exchanges from which nothing comes: they do not exist, or may not be read.',
    bus => bus.missing,
    ofCloud,
  )
  gaugeEach(
    'mixmatch_bus_queue_messages',
    'Messages that wait in our queue.',
    bus => bus.waiting,
    ofBus,
  )
  gaugeEach(
    'mixmatch_bus_last_message_timestamp_seconds',
    'When the last message came from the bus of a cloud.',
    bus => bus.lastMessageAt,
    ofBus,
  )
}
