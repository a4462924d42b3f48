import { Counter, Gauge, type Registry } from 'prom-client'
import { createRegistry } from './process-metrics.js'
import type { MetricsSnapshot } from './snapshot.js'

/** What the recorder tells of itself whenever it is asked. */
export interface RecorderFigures {
  readonly buses: readonly BusFigures[]
  readonly logPosition: number
  readonly logBytes: number
  readonly viewPosition: number
  readonly viewBytes: number
  /** Ids that several clouds claim. */
  readonly conflicts: number
}

export interface BusFigures {
  readonly cloud: string
  /** Which of several buses of its cloud it is; null for an only one. */
  readonly bus: string | null
  readonly connected: boolean
  /** How many of the exchanges that are expected at its cloud are on none of its buses. */
  readonly missing: number
  /** When the last message came, in seconds since 1970; null where none has come yet. */
  readonly lastMessageAt: number | null
}

/** What came of one batch for one cloud. */
export interface Batch {
  readonly cloud: string
  readonly recorded: number
  readonly duplicates: number
  readonly unparseable: number
  /** Between the emission of the newest message and its recording; null where it does not say. */
  readonly delaySeconds: number | null
}

/** What the recorder counts. */
export interface RecorderMetrics {
  appended(batch: Batch): void
  snapshot(): Promise<MetricsSnapshot>
}

/** @param figures null while no log is open */
export function createRecorderMetrics(figures: () => RecorderFigures | null): RecorderMetrics {
  const registry = createRegistry('recorder')
  gaugeBuses(registry, () => figures()?.buses ?? [])
  gauge(registry, 'log_position', 'Position of the newest event.', () => figures()?.logPosition)
  gauge(registry, 'log_size_bytes', 'Size of the event log.', () => figures()?.logBytes)
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
        this.reset() // a cloud that was taken out of the configuration has no bus any more
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
    'mixmatch_bus_last_message_timestamp_seconds',
    'When the last message came from the bus of a cloud.',
    bus => bus.lastMessageAt,
    ofBus,
  )
}
