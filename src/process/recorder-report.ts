import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Bus } from '../bus/bus.js'
import { type Event, ownEventTypes, type RecordedEvent } from '../event/event.js'
import { formatTime } from '../event/time.js'
import { whyNotCaughtUp } from '../fleet/fleet-report.js'
import type { FleetStatus } from '../fleet/fleet-status.js'
import type { FleetFigures } from '../metrics/fleet-metrics.js'
import {
  type Batch,
  type BusFigures,
  createRecorderMetrics,
  type RecorderFigures,
} from '../metrics/recorder-metrics.js'
import type { Degraded, Missing, ProcessStatus } from './child-messages.js'
import type { Recording } from './record.js'
import type { OnAppended } from './recorder.js'

/** Collects the status of a recorder. */
interface RecorderReporter {
  begin(recording: Recording): void
  /** The recording has ended, and its files are closed. */
  end(): void
  readonly onAppended: OnAppended
  report(): Promise<ProcessStatus>
}

type Files = Readonly<{ logFile: string; viewsFile: string }>

export function createRecorderReporter(files: Files): RecorderReporter {
  let recording: Recording | null = null
  const metrics = createRecorderMetrics(() => recording && figuresOf(recording, files))
  return {
    begin(begun) {
      recording = begun
    },
    end() {
      recording = null
    },
    onAppended(events, recorded) {
      for (const batch of batchesOf(events, recorded)) metrics.appended(batch)
    },
    async report() {
      const metricsNow = await metrics.snapshot()
      return {
        metrics: metricsNow,
        missing: recording ? missingIn(recording, files) : starting,
        degraded: recording ? degradedBuses(recording) : [],
        ...withFleet(recording?.fleet() ?? null),
        ...fleetOf(recording),
      }
    },
  }
}

const starting: readonly Missing[] = [{ part: 'recorder', reason: 'it is starting' }]

/** Split a batch by cloud: most batches are of one cloud, but not all. */
function batchesOf(events: readonly Event[], recorded: readonly RecordedEvent[]): Batch[] {
  const clouds = [...new Set(events.map(({ serviceProvider }) => serviceProvider))]
  return clouds.map(cloud => {
    const delivered = events.filter(({ serviceProvider }) => serviceProvider === cloud)
    const fresh = recorded.filter(({ serviceProvider }) => serviceProvider === cloud)
    const newest = fresh.findLast(({ source, emittedAt }) => source === 'bus' && emittedAt !== null)
    return {
      cloud,
      recorded: fresh.length,
      duplicates: delivered.length - fresh.length,
      unparseable: fresh.filter(({ eventType }) => eventType === ownEventTypes.unparseable).length,
      delaySeconds: newest ? (newest.recordedAt - (newest.emittedAt ?? 0)) / 1e6 : null,
    }
  })
}

function figuresOf(recording: Recording, { logFile, viewsFile }: Files): RecorderFigures {
  const { logPosition, viewPosition, conflicts } = recording.state()
  return {
    buses: recording.buses.map(bus => busFigures(bus, recording)),
    logPosition,
    logBytes: sizeOf(logFile),
    freeBytes: freeBytesOf(logFile),
    viewPosition,
    viewBytes: sizeOf(viewsFile),
    conflicts,
    fleet: fleetFigures(recording.fleet()),
  }
}

function withFleet(fleet: FleetStatus | null): Pick<ProcessStatus, 'fleet'> {
  return fleet === null ? {} : { fleet }
}

function fleetFigures(fleet: FleetStatus | null): FleetFigures | null {
  if (fleet === null) return null
  const { lastConfirmAt } = fleet
  return {
    ...fleet,
    following: fleet.state === 'following',
    lastConfirmAt: lastConfirmAt === null ? null : lastConfirmAt / 1e6,
    buses: fleet.buses.map(({ serviceProvider, bus, role }) => ({
      cloud: serviceProvider,
      bus,
      active: role === 'active',
    })),
  }
}

function fleetOf(recording: Recording | null): Pick<ProcessStatus, 'fleet'> {
  const fleet = recording?.fleet() ?? null
  return fleet === null ? {} : { fleet }
}

function busFigures(bus: Bus, { buses, countMissingExchanges }: Recording): BusFigures {
  const { state, waiting, lastDeliveryAt } = bus.status()
  const { serviceProvider, name } = bus
  return {
    cloud: serviceProvider,
    bus: isOnlyBus(bus, buses) ? null : name,
    connected: state === 'connected',
    missing: countMissingExchanges(serviceProvider),
    waiting,
    lastMessageAt: lastDeliveryAt === null ? null : lastDeliveryAt / 1e6,
  }
}

/** Whether a cloud has no other bus. Then the name of the cloud is enough to name the bus. */
function isOnlyBus({ serviceProvider }: Bus, buses: readonly Bus[]): boolean {
  return buses.filter(bus => bus.serviceProvider === serviceProvider).length === 1
}

function degradedBuses({ buses }: Recording): Degraded[] {
  return buses.flatMap(bus => {
    const { state, since, lastError } = bus.status()
    if (state === 'connected') return []
    const which = isOnlyBus(bus, buses) ? '' : `${bus.name} `
    const because = lastError === null ? '' : `: ${lastError}`
    const reason = `${which}${state} since ${formatTime(since)}${because}`
    return [{ part: 'bus', service_provider: bus.serviceProvider, reason }]
  })
}

/** The size of the file, and of the WAL that SQLite has not yet moved into it. */
function sizeOf(file: string): number {
  return [file, `${file}-wal`].map(bytesOf).reduce((sum, bytes) => sum + bytes, 0)
}

function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

function missingIn({ state, fleet }: Recording, { logFile }: Files): readonly Missing[] {
  const { logPosition, viewPosition, appendError } = state()
  const unwritable = appendError ?? whyUnwritable(logFile)
  const behind = logPosition - viewPosition
  const status = fleet()
  const lagging = status === null ? null : whyNotCaughtUp(status)
  return [
    ...(unwritable === null ? [] : [{ part: 'event log', reason: unwritable } as const]),
    ...(lagging === null ? [] : [{ part: 'fleet', reason: lagging } as const]),
    ...(behind === 0 ? [] : [{ part: 'views', reason: `${behind} events behind` } as const]),
  ]
}

/** SQLite also needs space for its write-ahead log. With less space than this, an append may fail. */
const LEAST_FREE_BYTES = 16 * 1024 * 1024

function whyUnwritable(file: string): string | null {
  if (!existsSync(file)) return 'the file is gone'
  try {
    accessSync(file, constants.W_OK)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  const freeBytes = freeBytesOf(file)
  return freeBytes >= LEAST_FREE_BYTES ? null : `only ${freeBytes} bytes are free on its disk`
}

function freeBytesOf(file: string): number {
  const { bavail, bsize } = statfsSync(dirname(file)) // the file itself may be gone
  return bavail * bsize
}
