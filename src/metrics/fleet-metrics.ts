import { Counter, Gauge, type Registry } from 'prom-client'

/** This node in its fleet, at the moment when metrics are collected. */
export interface FleetFigures {
  /** Whether it reads the stream and has once been at its end. */
  readonly following: boolean
  /** The offset of the last message that is in its log, and of the last one in the stream; null if unknown. */
  readonly offset: number | null
  readonly endOffset: number | null
  /** How far it is behind the end of the stream; null if unknown. */
  readonly lagEvents: number | null
  readonly lagSeconds: number | null
  /** When the stream last confirmed a message of this node, in seconds since 1970; null if it never did. */
  readonly lastConfirmAt: number | null
  readonly unconfirmed: number
  /** Since the start. */
  readonly duplicates: number
  readonly forged: number
  readonly buses: readonly FleetBusFigures[]
}

interface FleetBusFigures {
  readonly cloud: string
  /** `host:port/vhost`. */
  readonly bus: string
  /** Whether the broker delivers the notifications of this bus to this node. */
  readonly active: boolean
}

/** @param figures null on a single machine, which has none of these metrics */
export function gaugeFleet(registry: Registry, figures: () => FleetFigures | null): void {
  const gauge = (name: string, help: string, value: (fleet: FleetFigures) => number | null) =>
    new Gauge({
      name: `mixmatch_fleet_${name}`,
      help,
      registers: [registry],
      collect() {
        const fleet = figures()
        const now = fleet === null ? null : value(fleet)
        if (now === null) this.remove()
        else this.set(now)
      },
    })
  const counter = (name: string, help: string, value: (fleet: FleetFigures) => number) =>
    new Counter({
      name: `mixmatch_fleet_${name}`,
      help,
      registers: [registry],
      collect() {
        const fleet = figures()
        this.reset()
        if (fleet === null) this.remove()
        else this.inc(value(fleet))
      },
    })
  gauge('following', 'Whether this node follows the stream.', fleet => Number(fleet.following))
  gauge('offset', 'Offset of the last message in the log of this node.', fleet => fleet.offset)
  gauge('end_offset', 'Offset of the last message in the stream.', fleet => fleet.endOffset)
  gauge('lag_events', 'Messages that this node is behind.', fleet => fleet.lagEvents)
  gauge('lag_seconds', 'For how long this node has been behind.', fleet => fleet.lagSeconds)
  gauge(
    'last_confirm_timestamp_seconds',
    'When the stream last confirmed a message of this node.',
    fleet => fleet.lastConfirmAt,
  )
  gauge(
    'unconfirmed',
    'Messages of this node that the stream has not confirmed yet.',
    fleet => fleet.unconfirmed,
  )
  counter(
    'duplicates_total',
    'Messages of the stream that were in the log already.',
    fleet => fleet.duplicates,
  )
  counter(
    'forged_total',
    'Messages of the stream without a valid signature.',
    fleet => fleet.forged,
  )
  new Gauge({
    name: 'mixmatch_fleet_bus_active',
    help: 'Whether this node collects the notifications of a bus.',
    labelNames: ['cloud', 'bus'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { cloud, bus, active } of figures()?.buses ?? [])
        this.set({ cloud, bus }, Number(active))
    },
  })
}
