import * as z from 'zod'
import { formatTime } from '../event/time.js'
import type { FleetStatus } from './fleet-status.js'

/** The status of a node in its fleet as `/ready` shows it, and as `doctor` reads it there. */
export type FleetReport = Readonly<z.infer<typeof fleetReport>>

export const fleetReport = z.object({
  stream: z.string(),
  state: z.enum(['connecting', 'joining', 'following', 'stopped']),
  problem: z.string().nullable(),
  host: z.string().nullable(),
  offset: z.number().nullable(),
  end_offset: z.number().nullable(),
  lag_events: z.number().nullable(),
  lag_seconds: z.number().nullable(),
  /** ISO 8601, UTC. */
  last_confirm_at: z.string().nullable(),
  unconfirmed: z.number(),
  duplicates: z.number(),
  forged: z.number(),
  buses: z.array(
    z.object({
      service_provider: z.string(),
      bus: z.string(),
      role: z.enum(['active', 'waiting', 'lost']),
    }),
  ),
})

export function reportFleet(status: FleetStatus): FleetReport {
  const { stream, state, problem, host, offset, unconfirmed, duplicates, forged } = status
  const { endOffset, lagEvents, lagSeconds, lastConfirmAt, buses } = status
  return {
    stream,
    state,
    problem,
    host,
    offset,
    end_offset: endOffset,
    lag_events: lagEvents,
    lag_seconds: lagSeconds,
    last_confirm_at: lastConfirmAt === null ? null : formatTime(lastConfirmAt),
    unconfirmed,
    duplicates,
    forged,
    buses: buses.map(({ serviceProvider, bus, role }) => ({
      service_provider: serviceProvider,
      bus,
      role,
    })),
  }
}

/**
 * A node that is behind for less time still gets requests: a burst of notifications or a change of the leading broker
 * takes some seconds.
 */
const MOST_LAG_SECONDS = 10

/** Why a node of a fleet should get no requests; null if it should. */
export function whyNotCaughtUp(
  status: Pick<FleetStatus, 'state' | 'problem' | 'lagEvents' | 'lagSeconds'>,
): string | null {
  const { state, problem, lagEvents, lagSeconds } = status
  const because = problem === null ? '' : `: ${problem}`
  switch (state) {
    case 'connecting':
      return `no connection to the stream${because}`
    case 'joining':
      return `joining, ${lagEvents ?? 'unknown how many'} messages behind`
    case 'stopped':
      return `does not follow the stream${because}`
    case 'following':
      return lagSeconds !== null && lagSeconds > MOST_LAG_SECONDS
        ? `${lagEvents} messages behind, for ${Math.round(lagSeconds)} s`
        : null
    default:
      return state satisfies never
  }
}
